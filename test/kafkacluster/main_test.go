//go:build kafka

// Package kafkacluster_test holds the Kafka scaler to real clusters of three brokers: "make test-kafka". One scenario:
//
//	go test -tags kafka ./test/kafkacluster -v -run 'TestThreeBrokers/one-controller/kill-broker-2$' -away 100s
package kafkacluster_test

import (
	"context"
	"flag"
	"os"
	"testing"
	"time"

	"github.com/lagwise/lagwise/test/process"
)

var away = flag.Duration("away", 40*time.Second, "how long a broker stays away")

const (
	// margin is how long triggers are observed after errors are no longer tolerated.
	margin = 3 * time.Second
	// cpuBound is the share of one core that this process may use, with the sessions and polls of two clusters, and -race.
	cpuBound = 0.6
	// attemptsBound bounds the connection attempts of a session to a dead broker, per second. They are counted when countedBroker
	// was killed.
	attemptsBound       = 5.0
	countedBroker int32 = 2
)

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(process.InOwnFolder(func(ctx context.Context) int { return process.UnlessInterrupted(ctx, m.Run) }))
}

// scenario is a test on a running cluster.
type scenario struct {
	name string
	run  func(*testing.T, *testCluster)
}

// TestThreeBrokers runs the scenarios on two clusters in parallel.
func TestThreeBrokers(t *testing.T) {
	t.Parallel()
	for name, suite := range map[string]struct {
		controllers int
		scenarios   []scenario
	}{
		"one-controller": {1, []scenario{
			brokerOutage("freeze", 1), brokerOutage("kill", 2), brokerOutage("stop", 3), brokerOutage("kill", 1), coordinatorsMove(),
			remoteBrokers(100*time.Millisecond, 200), remoteBrokers(300*time.Millisecond, 20),
		}},
		"three-controllers": {3, []scenario{
			controllerFailover(), brokerOutage("stop", 1), brokerOutage("freeze", 2), brokerOutage("kill", 3), brokerOutage("stop", 2),
			brokerOutage("freeze", 3), rollingRestart(),
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cluster := startCluster(t, suite.controllers)
			for _, scenario := range suite.scenarios {
				t.Run(scenario.name, func(t *testing.T) { scenario.run(t, cluster) }) //nolint:paralleltest // scenarios share the cluster
			}
		})
	}
}
