package stage

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"time"
)

func (s *Scenario) instances() string {
	return filepath.Join(s.stage.file("instances"), s.Namespace)
}

// keep copies what a failed test saw to a folder that outlives the run: its objects, and the logs of whoever took part.
func (s *Scenario) keep(ctx context.Context) {
	name := strings.ReplaceAll(s.t.Name(), "/", "-") + "-" + time.Now().Format("20060102-150405")
	folder := filepath.Join(s.stage.keep, "failures", name)
	err := errors.Join(
		s.keepObjects(ctx, folder),
		copyFolder(folder, "pods", s.PodLogs()),
		copyFolder(folder, "cluster", s.Cluster.Logs()),
		copyFolder(folder, "lagwise", filepath.Dir(s.stage.Lagwise.LogFile())),
		copyFolder(folder, "instances", s.instances()),
		os.WriteFile(filepath.Join(folder, "kafka.log"), []byte(s.Kafka.Logs()), 0o600),
	)
	s.t.Logf("objects and logs are in %s", folder)
	if err != nil {
		s.t.Logf("not all of them: %v", err)
	}
}

func (s *Scenario) keepObjects(ctx context.Context, folder string) error {
	err := os.MkdirAll(folder, 0o750)
	const kinds = "scaledobjects,scaledjobs,horizontalpodautoscalers,deployments,replicasets,jobs,pods,events"
	for file, arguments := range map[string][]string{
		"objects.yaml": {"get", kinds, "--output=yaml"},
		"objects.txt":  {"describe", "scaledobjects,scaledjobs,horizontalpodautoscalers"},
		"events.txt":   {"get", "events", "--sort-by=.lastTimestamp"},
	} {
		said, failed := s.Cluster.Kubectl(ctx, "", append([]string{"--namespace", s.Namespace}, arguments...)...)
		err = errors.Join(err, failed, os.WriteFile(filepath.Join(folder, file), []byte(said), 0o600))
	}
	return err
}

// copyFolder copies a folder that may not be there.
func copyFolder(into, name, from string) error {
	if _, err := os.Stat(from); errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return os.CopyFS(filepath.Join(into, name), os.DirFS(from)) //nolint:wrapcheck // names the file
}
