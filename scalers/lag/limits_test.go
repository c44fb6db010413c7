package lag_test

import (
	"math/rand/v2"
	"testing"

	"github.com/lagwise/lagwise/scalers/lag"
)

// uncapped is what the trigger would answer without any limit.
func uncapped(t *testing.T, rules lag.Rules, view lag.View) (lag.Decision, bool) {
	t.Helper()
	rules.AllowIdleConsumers, rules.LimitToPartitionsWithLag, rules.EvenDistribution = true, false, false
	d, err := rules.Policy().Decide(view)
	return d, err == nil
}

// replicas is what the HPA makes of a decision.
func replicas(d lag.Decision) int64 { return up(d.Value, d.Target) }

func up(n, by int64) int64 {
	if n%by > 0 {
		return n/by + 1
	}
	return n / by
}

// TestCapsMatchTheConsumers: the HPA never asks for a replica whose consumers all have nothing to read, and gets what it
// would ask for anyway when that is less.
func TestCapsMatchTheConsumers(t *testing.T) {
	t.Parallel()
	forRandom(t, randomCases/6, func(t *testing.T, rules lag.Rules, view lag.View) {
		t.Helper()
		free, ok := uncapped(t, rules, view)
		if !ok {
			return
		}
		rules.AllowIdleConsumers, rules.EvenDistribution, rules.LimitToPartitionsWithLag = false, false, false
		consumers := 1 + free.Lag&3
		for _, by := range []lag.LimitBy{lag.LimitAsKEDA, lag.LimitByPartitions, lag.LimitByPartitionsWithLag} {
			rules.LimitBy, rules.ConsumersPerReplica = by, consumers
			bound := up(int64(len(free.Partitions)), consumers)
			if by == lag.LimitByPartitionsWithLag {
				bound = up(withLag(free), consumers)
			}
			got := decide(t, rules, view)
			if want := min(replicas(free), bound); replicas(got) != want || got.Active != free.Active {
				t.Fatalf("limitBy %d, %d consumers: %d replicas, active %t; want %d of %d\n%v",
					by, consumers, replicas(got), got.Active, want, replicas(free), got.Reasons)
			}
		}
	})
}

// TestMaxIsThePartitionThatLagsMost, and no other: neither the sum nor what activates changes.
func TestMaxIsThePartitionThatLagsMost(t *testing.T) {
	t.Parallel()
	forRandom(t, randomCases/6, func(t *testing.T, rules lag.Rules, view lag.View) {
		t.Helper()
		sum, ok := uncapped(t, rules, view)
		if !ok {
			return
		}
		rules.AggregateMax = true
		got, _ := uncapped(t, rules, view)
		var most int64
		for _, c := range got.Partitions {
			most = max(most, c.Lag)
		}
		if got.Value != most || got.Lag != sum.Lag || got.Active != sum.Active {
			t.Fatalf("decided %+v, want %d", got.Answer, most)
		}
	})
}

// TestEvenSharesNeverAddAReplicaThatHelpsNobody, and leave out no count that helps: found by trying every count.
func TestEvenSharesNeverAddAReplicaThatHelpsNobody(t *testing.T) {
	t.Parallel()
	for range 3_000 {
		partitions, consumers := 1+rand.Int64N(130), 1+rand.Int64N(5)
		target, lagging := 1+rand.Int64N(20), rand.Int64N(3_000)
		view := lag.View{}
		for id := range int32(partitions) {
			p := lag.Partition{Topic: "orders", ID: id, End: 5000, Committed: 5000, HasCommitted: true}
			if id == 0 {
				p.Committed -= lagging
			}
			view.Latest.Partitions = append(view.Latest.Partitions, p)
		}
		got := decide(t, lag.Rules{Target: target, Topic: "orders", EvenShares: true, ConsumersPerReplica: consumers}, view)
		want := int64(0)
		for wanted := up(lagging, target); lagging > 0; wanted++ {
			share := func(replicas int64) int64 { return up(partitions, replicas*consumers) }
			if wanted == 1 || share(wanted) < share(wanted-1) || wanted > partitions {
				want = min(wanted, up(partitions, consumers))
				break
			}
		}
		if replicas(got) != want || got.Value%target != 0 {
			t.Fatalf("%d partitions, %d consumers each, lag %d at %d: %d replicas, want %d",
				partitions, consumers, lagging, target, replicas(got), want)
		}
	}
}
