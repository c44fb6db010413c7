//go:build kafka

// Package kafkacluster_test holds the Kafka scaler to real clusters of three brokers: "make test-kafka". One scenario:
//
//	go test -tags kafka ./test/kafkacluster -v -run 'TestThreeBrokers/first/kill-broker-2$' -away 100s
package kafkacluster_test

import (
	"context"
	"flag"
	"os"
	"testing"
	"time"

	"github.com/lagwise/lagwise/test/process"
)

var away = flag.Duration("away", 40*time.Second, "how long a broker is away")

const (
	// steady is how long the promise is watched once it must hold.
	steady = 4 * time.Second
	// cpuBound is the share of one core that this process may use: two clusters' worth of sessions and polls, with -race.
	cpuBound = 0.8
	// attemptsBound is how often a second a session may try to connect to a dead broker. They are counted at countedBroker.
	attemptsBound       = 5.0
	countedBroker int32 = 2
)

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(process.InOwnFolder(func(ctx context.Context) int { return process.UnlessInterrupted(ctx, m.Run) }))
}

// scenario plays on a stage.
type scenario struct {
	name string
	play func(*testing.T, *stage)
}

// TestThreeBrokers plays every scenario, on two clusters at the same time.
func TestThreeBrokers(t *testing.T) {
	t.Parallel()
	for name, cast := range map[string]struct {
		controllers int
		scenarios   []scenario
	}{
		"first": {1, []scenario{
			brokerOutage("freeze", 1), brokerOutage("kill", 2), brokerOutage("stop", 3), brokerOutage("kill", 1), coordinatorsMove(),
			distantBrokers(100*time.Millisecond, 200), distantBrokers(300*time.Millisecond, 20),
		}},
		"second": {3, []scenario{
			controllerFailover(), brokerOutage("stop", 1), brokerOutage("freeze", 2), brokerOutage("kill", 3), brokerOutage("stop", 2),
			brokerOutage("freeze", 3), rollingRestart(),
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			stage := newStage(t, cast.controllers)
			for _, scenario := range cast.scenarios {
				t.Run(scenario.name, func(t *testing.T) { scenario.play(t, stage) }) //nolint:paralleltest // they share the cluster
			}
		})
	}
}
