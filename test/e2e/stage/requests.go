package stage

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/lagwise/lagwise/test/loopback"
	"github.com/lagwise/lagwise/test/realkafka"
)

// CountedKafka is a broker that counts its requests.
type CountedKafka struct {
	*Kafka
	scenario *Scenario
	port     int
}

// OwnCountedKafka is OwnKafka with its requests counted. Each look takes a second or two.
func (s *Scenario) OwnCountedKafka() *CountedKafka {
	s.t.Helper()
	free, err := loopback.Ports(1)
	s.Fatal(err)
	const property = "-Dcom.sun.management.jmxremote"
	kafka := s.OwnKafka(realkafka.Options{JavaOptions: []string{
		property, property + ".authenticate=false", property + ".ssl=false", property + ".host=" + loopback.Host,
		fmt.Sprintf("%s.port=%d", property, free[0]), fmt.Sprintf("%s.rmi.port=%d", property, free[0]),
		"-Djava.rmi.server.hostname=" + loopback.Host,
	}})
	return &CountedKafka{Kafka: kafka, scenario: s, port: free[0]}
}

// OffsetRequests is how many requests have asked for offsets so far: ListOffsets and OffsetFetch, by which lag is observed.
func (k *CountedKafka) OffsetRequests() int {
	k.scenario.t.Helper()
	sum := 0
	for _, kind := range []string{"ListOffsets", "OffsetFetch"} {
		counted, err := k.count(k.scenario.t.Context(), kind)
		k.scenario.Fatal(err)
		sum += counted
	}
	return sum
}

// count reads a counter by the tool that comes with Kafka: one line for each version of the request.
func (k *CountedKafka) count(ctx context.Context, kind string) (int, error) {
	tool := exec.CommandContext(ctx, "java", "-XX:TieredStopAtLevel=1", "-cp", filepath.Join(os.Getenv(realkafka.LibDirVariable), "*"), //nolint:gosec // made here
		"org.apache.kafka.tools.JmxTool", "--one-time", "--report-format", "properties", "--attributes", "Count",
		"--object-name", "kafka.network:type=RequestMetrics,name=RequestsPerSec,request="+kind+",*",
		"--jmx-url", fmt.Sprintf("service:jmx:rmi:///jndi/rmi://%s/jmxrmi", loopback.Address(k.port)))
	said, err := tool.Output()
	if err != nil {
		if failed, ok := errors.AsType[*exec.ExitError](err); ok {
			err = fmt.Errorf("%w: %s", err, failed.Stderr)
		}
		return 0, fmt.Errorf("read the broker's metrics: %w", err)
	}
	sum := 0
	for line := range strings.Lines(string(said)) {
		_, text, found := strings.Cut(strings.TrimSpace(line), ":Count=")
		if !found {
			continue
		}
		count, err := strconv.Atoi(text)
		if err != nil {
			return 0, fmt.Errorf("read the broker's metrics: %w", err)
		}
		sum += count
	}
	return sum, nil
}
