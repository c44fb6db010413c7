//go:build kafka

package kafka_test

import (
	"context"
	"testing"
	"time"

	"github.com/lagwise/lagwise/scalers"
	"github.com/lagwise/lagwise/scalers/kafka/cluster"
)

func TestWatchTellsOfARecord(t *testing.T) {
	t.Parallel()
	kafka := operatorOf(t, shared)
	topic, group := kafka.topic(t, 1), fresh(t)
	kafka.commit(t, group, topic, 0, 0)
	seen := watch(t, startLagwise(t, cluster.Options{}).trigger(t, on(at(shared.Address()), group, topic)))
	seen.until(t, func(e scalers.Evaluation) bool { return e.Value == 0 && !e.Active })

	kafka.produce(t, topic, 0, 1)
	seen.until(t, func(e scalers.Evaluation) bool { return e.Value == 1 && e.Active })

	kafka.consume(t, group, topic, 1)
	seen.until(t, func(e scalers.Evaluation) bool { return e.Value == 0 && !e.Active })
}

// watching is a trigger that is being watched.
type watching struct{ seen chan scalers.Evaluation }

// watch watches until the test ends.
func watch(t *testing.T, scaler scalers.Scaler) watching {
	t.Helper()
	watcher, ok := scaler.(scalers.Watcher)
	if !ok {
		t.Fatalf("%T cannot watch", scaler)
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	w := watching{seen: make(chan scalers.Evaluation)}
	ended := make(chan error, 1)
	go func() {
		ended <- watcher.Watch(ctx, func(evaluation scalers.Evaluation) error {
			select {
			case w.seen <- evaluation:
			case <-ctx.Done():
			}
			return nil
		})
	}()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("Watch ended with %v", err)
		}
	})
	return w
}

// until takes what is pushed until it is what was waited for.
func (w watching) until(t *testing.T, awaited func(scalers.Evaluation) bool) {
	t.Helper()
	var last scalers.Evaluation
	timeout := time.After(patience)
	for {
		select {
		case last = <-w.seen:
			if awaited(last) {
				return
			}
		case <-timeout:
			t.Fatalf("what was waited for was not pushed; the last push was %+v", last)
		}
	}
}
