package kafka_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lagwise/lagwise/scalers"
	"github.com/lagwise/lagwise/scalers/lag"
)

// lagging is observed anew at each question, as by a session that never fails.
func lagging(records int64) func(context.Context) (lag.View, error) {
	return func(context.Context) (lag.View, error) {
		view := viewOf(time.Now().Unix(), records)
		view.Now = time.Now()
		return view, nil
	}
}

// A bubble's clock begins on Saturday, 1 January 2000, at midnight UTC.
func TestWindowsBindLagToTimesOfTheDay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const saturday, mondayInside, mondayAfter = 0, 55 * time.Hour, 71 * time.Hour
		began := time.Now()
		scalersOf := map[string]scalers.Scaler{}
		for name, lagged := range map[string]int64{"gate": 70, "floor": 7, "cap": 70, "idle floor": 0} {
			fake := fakeKafka{view: lagging(lagged)}
			metadata := window()
			if mode, _ := strings.CutPrefix(name, "idle "); mode != "gate" {
				metadata = window("windowMode", mode, "windowReplicas", "3")
			}
			metadata["allowIdleConsumers"] = "true"
			scalersOf[name] = fake.build(metadata)
		}
		for _, at := range []struct {
			after time.Duration
			want  map[string]string
		}{
			{saturday, map[string]string{"gate": "0 false", "floor": "7 true", "cap": "70 true", "idle floor": "0 false"}},
			{mondayInside, map[string]string{"gate": "70 true", "floor": "30 true", "cap": "30 true", "idle floor": "30 true"}},
			{mondayAfter, map[string]string{"gate": "0 false", "floor": "7 true", "cap": "70 true", "idle floor": "0 false"}},
		} {
			time.Sleep(time.Until(began.Add(at.after)))
			for name, scaler := range scalersOf {
				got, err := scaler.Evaluate(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				if answer := fmt.Sprint(got.Value, " ", got.Active); answer != at.want[name] {
					t.Errorf("%s after %s: %s, want %s: %v", name, at.after, answer, at.want[name], got.Reasons)
				}
				last := got.Reasons[len(got.Reasons)-1]
				if last.Key != "windowStart" || !strings.Contains(last.Text, " UTC") {
					t.Errorf("%s after %s: the window gives no reason: %v", name, at.after, got.Reasons)
				}
			}
		}
	})
}

// Nothing changes in Kafka: the window alone makes the trigger active, on the second.
func TestWatchTellsWhenAWindowOpensUponLag(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		observed := viewOf(time.Now().Unix(), 7)
		fake := fakeKafka{view: func(context.Context) (lag.View, error) {
			view := observed
			view.Now = time.Now()
			return view, nil
		}}
		watcher, _ := fake.build(window("windowStart", "15 * * * *", "windowEnd", "20 * * * *")).(scalers.Watcher)
		ctx, stop := context.WithTimeout(t.Context(), 90*time.Minute)
		defer stop()
		began := time.Now()
		var seen []string
		if err := watcher.Watch(ctx, func(evaluation scalers.Evaluation) error {
			seen = append(seen, fmt.Sprint(time.Since(began), " ", evaluation.Active))
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		want := []string{"0s false", "15m0s true", "20m0s false", "1h15m0s true", "1h20m0s false"}
		if !slices.Equal(seen, want) {
			t.Errorf("saw %v, want %v", seen, want)
		}
	})
}

// A record cannot open a window: while it is shut the partitions are not tailed.
func TestNoRecordIsAwaitedWhileTheWindowIsShut(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		fake := fakeKafka{view: lagging(0)}
		watcher, _ := fake.build(window("windowStart", "15 * * * *", "windowEnd", "20 * * * *")).(scalers.Watcher)
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- watcher.Watch(ctx, func(scalers.Evaluation) error { return nil }) }()
		for _, step := range []struct {
			after time.Duration
			armed int
		}{{14 * time.Minute, 0}, {2 * time.Minute, 1}, {5 * time.Minute, 0}} {
			time.Sleep(step.after)
			synctest.Wait()
			fake.mu.Lock()
			if len(fake.armed) != step.armed {
				t.Errorf("%d partitions are armed, want %d", len(fake.armed), step.armed)
			}
			fake.mu.Unlock()
		}
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}
