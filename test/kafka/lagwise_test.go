//go:build kafka

package kafka_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/lagwise/lagwise/scalers"
	"github.com/lagwise/lagwise/scalers/kafka/cluster"
	"github.com/lagwise/lagwise/test/product"
)

const (
	// patience is how long tests wait for what must happen; only failing tests wait so long. Where lagwise itself is held to a
	// time, that is tested where time stands still: here it would be the machine that is measured.
	patience = time.Minute
	// glance is the pause between two looks at what must happen.
	glance = 10 * time.Millisecond
)

// lagwise is the product as `lagwise serve` puts it together, without the gRPC edge.
type lagwise struct {
	registry *scalers.Registry
	stop     func()
}

// startLagwise observes every 200 ms unless options say otherwise, and forgives a busy machine 15 seconds. It ends with the test, or before that by stop.
func startLagwise(t *testing.T, options cluster.Options, connections ...cluster.Connection) *lagwise {
	t.Helper()
	if options.RefreshInterval == 0 {
		options.RefreshInterval = 200 * time.Millisecond
	}
	if options.MaxSnapshotAge == 0 {
		options.MaxSnapshotAge = max(15*time.Second, 10*options.RefreshInterval)
	}
	running := product.Start(options, connections...)
	stop := func() {
		if err := running.Stop(); err != nil {
			t.Errorf("lagwise ended with %v", err)
		}
	}
	t.Cleanup(stop)
	return &lagwise{registry: running.Registry, stop: stop}
}

// trigger holds the trigger's scaler until the test ends, as an open stream does.
func (l *lagwise) trigger(t *testing.T, metadata map[string]string) scalers.Scaler {
	t.Helper()
	scaler, release := l.lend(t, metadata)
	t.Cleanup(release)
	return scaler
}

func (l *lagwise) lend(t *testing.T, metadata map[string]string) (scaler scalers.Scaler, release func()) {
	t.Helper()
	scaler, release, err := l.registry.Acquire(scalers.Trigger{Namespace: "shop", Name: "worker", Metadata: metadata})
	if err != nil {
		t.Fatal(err)
	}
	return scaler, release
}

// on is a trigger's metadata: where the group stands in the topic, and further keys with their values. The high
// lagThreshold keeps the cap at the number of partitions out of the way.
func on(where map[string]string, group, topic string, more ...string) map[string]string {
	metadata := map[string]string{"consumerGroup": group, "topic": topic, "lagThreshold": "1000"}
	maps.Copy(metadata, where)
	for i := 0; i < len(more); i += 2 {
		metadata[more[i]] = more[i+1]
	}
	return metadata
}

// at reaches a broker without credentials.
func at(address string) map[string]string { return map[string]string{"bootstrapServers": address} }

// by reaches a broker through a named connection.
func by(connection cluster.Connection) map[string]string {
	return map[string]string{"connection": connection.Name}
}

// ask evaluates once.
func ask(t *testing.T, scaler scalers.Scaler) (scalers.Evaluation, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	return scaler.Evaluate(ctx)
}

// eventually looks until there is nothing to complain about.
func eventually(t *testing.T, within time.Duration, complaint func() error) {
	t.Helper()
	deadline := time.Now().Add(within)
	for {
		err := complaint()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("after %s still: %v", within, err)
		}
		time.Sleep(glance)
	}
}

// answers waits until the trigger answers with the value and the activation.
func answers(t *testing.T, scaler scalers.Scaler, value float64, active bool) scalers.Evaluation {
	t.Helper()
	return answersWithin(t, patience, scaler, value, active)
}

func answersWithin(t *testing.T, within time.Duration, scaler scalers.Scaler, value float64, active bool) (answer scalers.Evaluation) {
	t.Helper()
	eventually(t, within, func() (err error) {
		answer, err = ask(t, scaler)
		if err != nil {
			return fmt.Errorf("want %v, active %v, got the error: %w", value, active, err)
		}
		if answer.Value != value || answer.Active != active {
			return fmt.Errorf("want %v, active %v, got %v, active %v: %v", value, active, answer.Value, answer.Active, answer.Reasons)
		}
		return nil
	})
	return answer
}

// fails waits until the trigger fails for the cause, in a text that holds the words.
func fails(t *testing.T, scaler scalers.Scaler, cause scalers.Cause, words ...string) {
	t.Helper()
	eventually(t, patience, func() error {
		answer, err := ask(t, scaler)
		if err == nil {
			return fmt.Errorf("want an error with %q, got the answer %v, active %v", words, answer.Value, answer.Active)
		}
		return misses(err, cause, words...)
	})
}

// misses says what an error lacks: the cause, or a word.
func misses(err error, cause scalers.Cause, words ...string) error {
	if err == nil {
		return errors.New("want an error, got none")
	}
	got, _ := scalers.CauseOf(err)
	if got != cause {
		return fmt.Errorf("want cause %d, got %d: %w", cause, got, err)
	}
	for _, word := range words {
		if !strings.Contains(strings.ToLower(err.Error()), strings.ToLower(word)) {
			return fmt.Errorf("want the word %q in: %w", word, err)
		}
	}
	return nil
}

// refreshes waits until the trigger was observed n more times, and fails the test on any error meanwhile.
func refreshes(t *testing.T, scaler scalers.Scaler, n int) {
	t.Helper()
	var last time.Time
	for range n {
		eventually(t, patience, func() error {
			answer, err := ask(t, scaler)
			if err != nil {
				t.Fatalf("want answers all the time, got %v", err)
			}
			if !answer.ObservedAt.After(last) {
				return errors.New("nothing new was observed")
			}
			last = answer.ObservedAt
			return nil
		})
	}
}

// says is whether one of the reasons holds the word.
func says(evaluation scalers.Evaluation, word string) bool {
	for _, reason := range evaluation.Reasons {
		if strings.Contains(reason.Text, word) {
			return true
		}
	}
	return false
}
