package config_test

import (
	"strings"
	"testing"
)

// FuzzFile: whatever stands in the file, it is a configuration that can be worked with, or a refusal in words.
func FuzzFile(f *testing.F) {
	for _, text := range []string{
		"", "listen: ':1'", "{refreshInterval: 1s, maxSnapshotAge: 3s, limits: {triggers: 5}}", "limits: 5", "a: &a [*a]", "&a {limits: *a}", "- x",
		"connections: [{name: p, bootstrapServers: ['k:9092'], sasl: {mechanism: PLAIN, username: u, passwordEnv: NONE}}]",
		"connections: [&p {name: p}, *p]", "allowedBrokers: ['[', '*.svc']", "? [1]\n: 2", "listen: !!binary aGk=", "<<: {listen: x}", "\xff", "limits: {triggers: 1e3}",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		settings, err := read(t, text)
		if err != nil {
			if strings.TrimSpace(err.Error()) == "" {
				t.Error("refused without a word")
			}
			return
		}
		if settings.RefreshInterval <= 0 || settings.MaxSnapshotAge < settings.RefreshInterval || settings.MaxTriggers < 0 || settings.MaxSessions < 0 || settings.IdleAfter <= 0 {
			t.Errorf("%+v", settings)
		}
	})
}
