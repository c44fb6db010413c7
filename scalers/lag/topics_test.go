package lag_test

import (
	"math"
	"math/big"
	"testing"

	"github.com/lagwise/lagwise/scalers/lag"
)

// TestThresholdsByTopicWeighEachTopic: the metric is what each topic's replicas are worth at lagThreshold, by arithmetic
// without bounds; without a threshold for one of them it is the sum.
func TestThresholdsByTopicWeighEachTopic(t *testing.T) {
	t.Parallel()
	forRandom(t, randomCases/6, func(t *testing.T, rules lag.Rules, view lag.View) {
		t.Helper()
		rules.Topic, rules.TopicList = "", true
		sum, ok := uncapped(t, rules, view)
		if !ok {
			return
		}
		rules.TargetByTopic = map[string]int64{"orders": 1 + sum.Lag&1023, "refunds": 1 + sum.Lag&7, "absent": 5}
		got, _ := uncapped(t, rules, view)
		byTopic := map[string]*big.Int{}
		for _, c := range got.Partitions {
			if byTopic[c.Partition.Topic] == nil {
				byTopic[c.Partition.Topic] = new(big.Int)
			}
			byTopic[c.Partition.Topic].Add(byTopic[c.Partition.Topic], big.NewInt(c.Lag))
		}
		worth := new(big.Int)
		for topic, records := range byTopic {
			if threshold, own := rules.TargetByTopic[topic]; own {
				records = ceiling(records.Mul(records, big.NewInt(rules.Target)), threshold)
			}
			if !records.IsInt64() || records.Int64() > math.MaxInt64/4 || records.Int64() < math.MinInt64/4 {
				return // saturated
			}
			worth.Add(worth, records)
		}
		if want := max(0, worth.Int64()); got.Value != want || got.Active != sum.Active || got.Lag != sum.Lag {
			t.Fatalf("value %d, want %d", got.Value, want)
		}
	})
}

// ceiling divides and rounds up.
func ceiling(n *big.Int, by int64) *big.Int {
	quotient, rest := new(big.Int).DivMod(n, big.NewInt(by), new(big.Int)) // the rest is never negative
	if rest.Sign() > 0 {
		quotient.Add(quotient, big.NewInt(1))
	}
	return quotient
}

// TestLimitationsByTopic: what is said of one topic is said of no other.
func TestLimitationsByTopic(t *testing.T) {
	t.Parallel()
	forRandom(t, randomCases/6, func(t *testing.T, rules lag.Rules, view lag.View) {
		t.Helper()
		rules.Topic, rules.TopicList = "", true
		plain, err := rules.Policy().Decide(view)
		if err != nil {
			return
		}
		only := lag.Ranges{{First: 2, Last: 4}, {First: 9, Last: 9}}
		rules.PartitionsByTopic = map[string]lag.Ranges{"orders": only}
		if len(rules.Partitions)%2 == 0 {
			rules.Pattern = ".*"
		}
		var want []lag.Partition
		for _, p := range view.Latest.Partitions {
			limitation := rules.Partitions
			if p.Topic == "orders" {
				limitation = only
			}
			if len(limitation) == 0 || limitation.Contains(p.ID) {
				want = append(want, p)
			}
		}
		got := decide(t, rules, view)
		if len(got.Partitions) != len(want) {
			t.Fatalf("%d partitions count, want %d; without limitation %d", len(got.Partitions), len(want), len(plain.Partitions))
		}
		for i := range want {
			if got.Partitions[i].Partition.Topic != want[i].Topic || got.Partitions[i].Partition.ID != want[i].ID {
				t.Fatalf("%+v counts, want %+v", got.Partitions[i].Partition, want[i])
			}
		}
	})
}

func TestAHugeTopicSaturates(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ end, committed, target, threshold, want int64 }{
		{math.MaxInt64, 0, math.MaxInt64, 1, math.MaxInt64},
		{math.MaxInt64, 0, 2, 1, math.MaxInt64},
		{math.MaxInt64, 0, 1, 2, math.MaxInt64/2 + 1},
		{0, math.MaxInt64, math.MaxInt64, 1, 0},
	} {
		d := decide(t, lag.Rules{
			Target: test.target, TopicList: true, AllowIdleConsumers: true, TargetByTopic: map[string]int64{"orders": test.threshold},
		}, lag.View{Latest: lag.Observation{Partitions: []lag.Partition{
			{Topic: "orders", End: test.end, Committed: test.committed, HasCommitted: true},
		}}})
		if d.Value != test.want {
			t.Errorf("%+v: %d", test, d.Value)
		}
	}
}
