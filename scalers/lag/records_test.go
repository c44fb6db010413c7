package lag_test

import (
	"testing"
	"time"

	"github.com/lagwise/lagwise/scalers/lag"
)

// readAll gives each partition what reading from its position would have found: the records that holds counts among them.
func readAll(rules lag.Rules, view lag.View, holds func(p lag.Partition, waiting int64) int64) lag.View {
	read, needs := view, rules.Policy().Needs()
	needs.LogStartWithoutCommit = false
	read.Latest.Partitions = nil
	for _, p := range view.Latest.Partitions {
		if from, known := p.Position(needs); known && (from < p.End || p.Committed < p.End) {
			count := holds(p, max(0, p.End-from))
			p.Facts = &lag.Facts{Records: &lag.Records{From: from, Through: p.End, Count: count, Offset: from, Timestamp: view.Now, HasTimestamp: true}}
		}
		read.Latest.Partitions = append(read.Latest.Partitions, p)
	}
	return read
}

// Where every offset holds a record there is nothing to ignore but what was deleted.
func TestIgnoringPhantomsLeavesRecordsAlone(t *testing.T) {
	t.Parallel()
	forRandom(t, randomCases/6, func(t *testing.T, rules lag.Rules, view lag.View) {
		t.Helper()
		rules.ExcludePersistentLag, rules.ClampToLogStart = false, true
		want, err := rules.Policy().Decide(view)
		if err != nil {
			return
		}
		rules.IgnorePhantomLag = true
		if got := decide(t, rules, readAll(rules, view, func(_ lag.Partition, waiting int64) int64 { return waiting })); got.Answer != want.Answer || got.Lag != want.Lag {
			t.Fatalf("%+v, lag %d; want %+v, lag %d", got.Answer, got.Lag, want.Answer, want.Lag)
		}
	})
}

// What holds no record never adds to lag, nor wakes; where nothing holds one, only missing commits do.
func TestPhantomsNeverAsk(t *testing.T) {
	t.Parallel()
	forRandom(t, randomCases/6, func(t *testing.T, rules lag.Rules, view lag.View) {
		t.Helper()
		counted, err := rules.Policy().Decide(view)
		if err != nil {
			return
		}
		rules.IgnorePhantomLag = true
		some := decide(t, rules, readAll(rules, view, func(p lag.Partition, waiting int64) int64 { return waiting / int64(p.ID+1) }))
		none := decide(t, rules, readAll(rules, view, func(lag.Partition, int64) int64 { return 0 }))
		if none.Lag > some.Lag || some.Lag > counted.Lag || some.Active && !counted.Active || none.Active && !some.Active {
			t.Fatalf("lag %d by offsets, %d by some records, %d by none", counted.Lag, some.Lag, none.Lag)
		}
		for _, c := range none.Partitions {
			if p := c.Partition; c.Lag > 0 && p.HasCommitted && p.Facts != nil {
				t.Fatalf("%+v counts %d", p, c.Lag)
			}
		}
	})
}

// The HPA makes as many replicas of the value as the age holds thresholds, the last one begun, whatever lagThreshold is.
func TestReplicasFollowAge(t *testing.T) {
	t.Parallel()
	for _, target := range []int64{1, 7, 10, 1000} {
		for _, age := range []time.Duration{0, time.Second, 59 * time.Second, time.Minute, 61 * time.Second, 150 * time.Second, time.Hour} {
			at := time.Unix(1_000_000, 0)
			view := lag.View{Now: at, Latest: lag.Observation{At: at, Partitions: []lag.Partition{{
				Topic: "orders", End: 5, HasCommitted: true,
				Facts: &lag.Facts{Records: &lag.Records{Through: 1, Count: 1, Timestamp: at.Add(-age), HasTimestamp: true}},
			}}}}
			d := decide(t, lag.Rules{Target: target, Topic: "orders", Age: time.Minute, AllowIdleConsumers: true}, view)
			replicas := (d.Value + target - 1) / target
			if want := int64((age + time.Minute - 1) / time.Minute); replicas != want {
				t.Errorf("age %s at lagThreshold %d: %d replicas of value %d, want %d", age, target, replicas, d.Value, want)
			}
		}
	}
}
