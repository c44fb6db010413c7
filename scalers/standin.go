package scalers

import (
	"maps"
	"strings"
)

// StandIns is a manifest's metadata as KEDA could send it: each FromEnv key that counts has some value that its key takes,
// because the value that the cluster has is not known.
func (t KeyTable) StandIns(metadata map[string]string) map[string]string {
	sent := maps.Clone(metadata)
	for _, key := range t {
		name := key.Name + fromEnv
		if key.FromEnv && strings.TrimSpace(metadata[key.Name]) == "" && strings.TrimSpace(metadata[name]) != "" {
			sent[name] = key.standIn()
		}
	}
	return sent
}

func (k Key) standIn() string {
	for _, value := range []string{"environment", "environment:9092", "1", "true"} {
		if _, err := k.Parse(value); err == nil {
			return value
		}
	}
	return ""
}
