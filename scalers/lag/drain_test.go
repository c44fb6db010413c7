package lag_test

import (
	"math"
	"math/big"
	"testing"
	"time"

	"github.com/lagwise/lagwise/scalers/lag"
)

// TestDrainingIsTheFormula: the replicas are (arrival rate + lag / time) / rate of a replica, rounded up, as a fraction
// computes it that knows neither overflow nor rounding; under a shared limit never more than it feeds, but one.
func TestDrainingIsTheFormula(t *testing.T) {
	t.Parallel()
	forRandom(t, randomCases/6, func(t *testing.T, rules lag.Rules, view lag.View) {
		t.Helper()
		rules.Target = 1 + rules.Target%1000
		byLag, err := rules.Policy().Decide(view)
		if err != nil {
			return
		}
		for _, c := range byLag.Partitions {
			if !c.Partition.HasCommitted || c.Lag != c.Persistent {
				return // a lag that is not made of records
			}
		}
		seconds := 1 + rules.Target%600
		drain := lag.Drain{Within: time.Duration(seconds) * time.Second, PerReplica: lag.Rate(1 + rules.Target*7%5000)}
		came := toldToHaveCome(view, byLag.Partitions, drain.Within)
		aggregate := lag.DrainInTime(drain)
		total := lag.Total{Target: rules.Target, Lag: byLag.Lag, Counts: byLag.Partitions}
		got, _ := aggregate.Do(view, total)

		want := new(big.Int).Mul(big.NewInt(max(0, byLag.Lag)), big.NewInt(1))
		want.Add(want, came).Mul(want, big.NewInt(1000))
		each := new(big.Int).Mul(big.NewInt(seconds), big.NewInt(int64(drain.PerReplica)))
		want.Add(want, each).Sub(want, big.NewInt(1)).Div(want, each).Mul(want, big.NewInt(rules.Target))
		if want.Cmp(big.NewInt(math.MaxInt64)) < 0 && got != want.Int64() {
			t.Fatalf("lag %d, %s came: value %d, want %s at %+v", byLag.Lag, came, got, want, drain)
		}
		if got < 0 || got%rules.Target != 0 && got != math.MaxInt64 {
			t.Fatalf("value %d is no multiple of %d", got, rules.Target)
		}

		drain.AtMost = drain.PerReplica * lag.Rate(rules.Target%9) / 2
		bounded, _ := lag.DrainInTime(drain).Do(view, total)
		if most := max(1, int64(drain.AtMost/drain.PerReplica)); drain.AtMost > 0 && bounded != min(got, most*rules.Target) {
			t.Fatalf("at most %s: value %d, unbounded %d", drain.AtMost, bounded, got)
		}
	})
}

// toldToHaveCome puts what Kafka tells into the counted partitions, and adds up what is to expect, and what has waited for half
// of the time and so counts twice.
func toldToHaveCome(view lag.View, counts []lag.Count, within time.Duration) *big.Int {
	early, late, twice := new(big.Int), new(big.Int), new(big.Int)
	for i := range counts {
		p := &counts[i].Partition
		told := i%5 != 4
		half := lag.Since{Age: within / 2, Found: i%3 > 0, Offset: p.End - int64(i)*7, Timestamp: view.Now}
		all := lag.Since{Age: within, Found: i%4 > 0 || half.Found, Offset: half.Offset - int64(i)*3, Timestamp: view.Now}
		if !told {
			half.Found, all.Found = true, true
			half.Timestamp, all.Timestamp = view.Now.Add(within+1), view.Now.Add(within+1) // of the future: no evidence
		}
		p.Facts = &lag.Facts{Since: []lag.Since{half, all}}
		if !told {
			continue
		}
		cameLate, came := int64(0), int64(0)
		if half.Found {
			cameLate = int64(i) * 7
		}
		if all.Found {
			came = int64(i) * 10
		}
		late.Add(late, big.NewInt(cameLate))
		early.Add(early, big.NewInt(came-cameLate))
		if c := counts[i]; c.Lag > 0 && p.HasCommitted && c.Lag == c.Persistent && c.Lag > cameLate && c.Lag <= came {
			twice.Add(twice, big.NewInt(c.Lag))
		}
	}
	if early.Cmp(late) < 0 {
		late = early
	}
	return late.Mul(late, big.NewInt(2)).Add(late, twice)
}
