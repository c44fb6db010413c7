package main

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

// jmx reads the broker's own metrics, by the tool that comes with Kafka.
type jmx struct {
	libDir string
	port   int
}

// javaOptions open the broker's metrics on loopback.
func (j jmx) javaOptions() []string {
	const property = "-Dcom.sun.management.jmxremote"
	return []string{
		property, "-Djava.rmi.server.hostname=127.0.0.1", property + ".host=127.0.0.1",
		fmt.Sprintf("%s.port=%d", property, j.port), fmt.Sprintf("%s.rmi.port=%d", property, j.port),
		property + ".authenticate=false", property + ".ssl=false",
	}
}

// counts reads the counters that match a name, which may hold wild cards.
func (j jmx) counts(ctx context.Context, name string) (map[string]float64, error) {
	tool := exec.CommandContext(ctx, "java", "-XX:TieredStopAtLevel=1", "-cp", filepath.Join(j.libDir, "*"), //nolint:gosec // made here
		"org.apache.kafka.tools.JmxTool", "--one-time", "--report-format", "properties", "--attributes", "Count", "--object-name", name,
		"--jmx-url", fmt.Sprintf("service:jmx:rmi:///jndi/rmi://127.0.0.1:%d/jmxrmi", j.port))
	output, err := tool.Output()
	if err != nil {
		if failed, ok := errors.AsType[*exec.ExitError](err); ok {
			err = fmt.Errorf("%w: %s", err, failed.Stderr)
		}
		return nil, fmt.Errorf("reading the broker's metrics: %w", err)
	}
	counts := map[string]float64{}
	for line := range strings.Lines(string(output)) {
		name, text, found := strings.Cut(strings.TrimSpace(line), ":Count=")
		if !found {
			continue
		}
		count, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return nil, fmt.Errorf("reading the broker's metrics: %w", err)
		}
		counts[name] = count
	}
	return counts, nil
}

// requests counts the broker's requests so far, by kind.
func (j jmx) requests(ctx context.Context) (map[string]float64, error) {
	counts, err := j.counts(ctx, "kafka.network:type=RequestMetrics,name=RequestsPerSec,*")
	if err != nil {
		return nil, err
	}
	kinds := map[string]float64{}
	for name, count := range counts {
		_, rest, _ := strings.Cut(name, "request=")
		kind, _, _ := strings.Cut(rest, ",")
		kinds[kind] += count
	}
	return kinds, nil
}

// bytes counts the bytes of a topic that went in or out so far.
func (j jmx) bytes(ctx context.Context, direction, topic string) (float64, error) {
	counts, err := j.counts(ctx, fmt.Sprintf("kafka.server:type=BrokerTopicMetrics,name=Bytes%sPerSec,topic=%s", direction, topic))
	if err != nil {
		return 0, err
	}
	var sum float64
	for _, count := range counts {
		sum += count
	}
	return sum, nil
}
