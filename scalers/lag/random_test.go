package lag_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lagwise/lagwise/scalers/lag"
)

const randomCases = 60_000

// TestAgreesWithKEDA holds Decide to the reference on random rules and views.
func TestAgreesWithKEDA(t *testing.T) {
	t.Parallel()
	forRandom(t, randomCases, func(t *testing.T, rules lag.Rules, view lag.View) {
		t.Helper()
		rules.ClampToLogStart, rules.CapRounding = false, lag.RoundDown
		value, active, refused := newKEDA(rules, view).getMetricsAndActivity(view)
		d, err := rules.Policy().Decide(view)
		if (err != nil) != (refused != nil) {
			t.Fatalf("error %v, KEDA's %v", err, refused)
		}
		if d.Value != value || d.Active != active {
			t.Fatalf("value %d, active %t; KEDA's %d, %t\n%v", d.Value, d.Active, value, active, d.Reasons)
		}
	})
}

// TestRoundUpKeepsTheHPABelowTheCap: rounding as the HPA does, no value asks for more replicas than the cap, and none is
// above what KEDA's rounding gives.
func TestRoundUpKeepsTheHPABelowTheCap(t *testing.T) {
	t.Parallel()
	forRandom(t, randomCases/6, func(t *testing.T, rules lag.Rules, view lag.View) {
		t.Helper()
		rules.AllowIdleConsumers = false
		rules.CapRounding = lag.RoundDown
		down, err := rules.Policy().Decide(view)
		if err != nil {
			return
		}
		rules.CapRounding = lag.RoundUp
		up := decide(t, rules, view)

		bound := int64(len(up.Partitions))
		if rules.LimitToPartitionsWithLag {
			bound = withLag(up)
		}
		if replicas := up.Value / up.Target; replicas > bound || replicas == bound && up.Value%up.Target > 0 {
			t.Fatalf("value %d asks for more than %d replicas", up.Value, bound)
		}
		if up.Value > down.Value || up.Active != down.Active {
			t.Fatalf("value %d, active %t; rounded down %d, %t", up.Value, up.Active, down.Value, down.Active)
		}
	})
}

// TestClampIsACommitAtTheLogStart: clamping answers as if the group had committed the log start (or the log end, where
// the start has moved past it). A commit past the log end is one at the log start where offsetResetPolicy is earliest, and at
// the log end where it is latest.
func TestClampIsACommitAtTheLogStart(t *testing.T) {
	t.Parallel()
	forRandom(t, randomCases/6, func(t *testing.T, rules lag.Rules, view lag.View) {
		t.Helper()
		rules.ExcludePersistentLag = false
		rules.ClampToLogStart = true
		clamped, err := rules.Policy().Decide(view)
		if err != nil {
			return
		}
		rules.ClampToLogStart = false
		moved := view
		moved.Latest.Partitions = slices.Clone(view.Latest.Partitions)
		for i := range moved.Latest.Partitions {
			p := &moved.Latest.Partitions[i]
			switch {
			case !p.HasCommitted:
			case p.Committed > p.End && !rules.ResetEarliest:
				p.Committed = p.End
			case p.Committed > p.End && !p.HasStart:
				p.Committed = 0
			case p.Committed > p.End, p.HasStart && p.Committed < p.Start:
				p.Committed = min(p.Start, p.End)
			}
		}
		want := decide(t, rules, moved)
		if clamped.Value != want.Value || clamped.Active != want.Active {
			t.Fatalf("value %d, active %t; committed at the start %d, %t", clamped.Value, clamped.Active, want.Value, want.Active)
		}
	})
}

// TestCommitsPastTheEndAreWarnedOf: a decision warns if and only if a selected partition is such a one, clamped or not, and
// clamped no partition counts below zero.
func TestCommitsPastTheEndAreWarnedOf(t *testing.T) {
	t.Parallel()
	forRandom(t, randomCases/6, func(t *testing.T, rules lag.Rules, view lag.View) {
		t.Helper()
		d, err := rules.Policy().Decide(view)
		if err != nil {
			return
		}
		past := slices.ContainsFunc(d.Partitions, func(c lag.Count) bool { return c.Partition.HasCommitted && c.Partition.Committed > c.Partition.End })
		warns := slices.ContainsFunc(d.Reasons, func(r lag.Reason) bool { return r.Warning && strings.Contains(r.Text, "past the log end") })
		if past != warns {
			t.Fatalf("past the end: %t, warns: %t\n%v", past, warns, d.Reasons)
		}
		for _, c := range d.Partitions {
			if rules.ClampToLogStart && (c.Lag < 0 || c.Persistent < 0) {
				t.Fatalf("%+v counts below zero", c)
			}
		}
	})
}

// forRandom runs check on cases from a fixed seed and from a fresh one, and prints what failed.
func forRandom(t *testing.T, cases int, check func(*testing.T, lag.Rules, lag.View)) {
	t.Helper()
	forSeeds(t, func(t *testing.T, r random) {
		t.Helper()
		for range cases {
			rules := r.rules()
			view := r.view(rules)
			check(t, rules, view)
			if t.Failed() {
				t.Fatalf("rules %+v\nview %+v", rules, view)
			}
		}
	})
}

func forSeeds(t *testing.T, check func(*testing.T, random)) {
	t.Helper()
	for _, seed := range []uint64{1, rand.Uint64()} {
		t.Run(fmt.Sprintf("seed=%d", seed), func(t *testing.T) {
			t.Parallel()
			check(t, random{rand.New(rand.NewPCG(seed, 0))})
		})
	}
}

type random struct{ *rand.Rand }

// rules makes any combination, those that the keys exclude as well: the arithmetic must hold for all.
func (r random) rules() lag.Rules {
	rules := lag.Rules{
		Target:                     max(1, r.number(math.MaxInt64)),
		ActivationThreshold:        r.number(math.MaxInt64),
		TopicList:                  r.chance(3),
		ResetEarliest:              r.chance(2),
		ScaleToZeroOnInvalidOffset: r.chance(3),
		ClampToLogStart:            r.chance(2),
		ExcludePersistentLag:       r.chance(2),
		PersistentLagInterval:      time.Duration(r.IntN(5)) * 10 * time.Second,
		EvenDistribution:           r.chance(4),
		LimitToPartitionsWithLag:   r.chance(4),
		AllowIdleConsumers:         r.chance(3),
	}
	if r.chance(2) {
		rules.Topic = "orders"
	}
	for r.chance(3) && len(rules.Partitions) < 3 {
		first := r.Int32N(12)
		rules.Partitions = append(rules.Partitions, lag.Range{First: first, Last: first + r.Int32N(4)})
	}
	return rules
}

func (r random) view(rules lag.Rules) lag.View {
	now := time.Unix(1_000_000, 0)
	view := lag.View{Now: now, Latest: lag.Observation{At: now}}
	topics := []string{"orders"}
	if rules.TopicList || rules.Topic == "" {
		topics = []string{"invoices", "orders", "refunds"}[:r.IntN(4)]
	}
	for _, topic := range topics {
		for id := range r.Int32N(13) {
			view.Latest.Partitions = append(view.Latest.Partitions, r.partition(topic, id))
		}
	}
	for age := r.IntN(6); age > 0; age-- {
		view.History = append(view.History, lag.Observation{
			At:         now.Add(-time.Duration(age) * 10 * time.Second),
			Partitions: r.earlier(view.Latest.Partitions),
		})
	}
	return view
}

// offsetLimit keeps the sum over all partitions within int64, where KEDA's own sum holds.
const offsetLimit = math.MaxInt64 / 64

// partition fills in offsets even where they are not valid: nothing may look at those.
func (r random) partition(topic string, id int32) lag.Partition {
	return lag.Partition{
		Topic: topic, ID: id,
		Start: r.number(offsetLimit), HasStart: !r.chance(4),
		End:       r.number(offsetLimit),
		Committed: r.number(offsetLimit), HasCommitted: !r.chance(4),
	}
}

func (r random) earlier(partitions []lag.Partition) []lag.Partition {
	var earlier []lag.Partition
	for _, p := range partitions {
		switch r.IntN(8) {
		case 0: // not there yet
			continue
		case 1:
			p.HasCommitted = false
		case 2, 3:
			p.HasCommitted, p.Committed = true, r.number(offsetLimit)
		}
		earlier = append(earlier, p)
	}
	return earlier
}

// number is mostly small, so that equalities and boundaries come up, sometimes anything up to limit, sometimes limit.
func (r random) number(limit int64) int64 {
	switch r.IntN(10) {
	case 0:
		return limit
	case 1:
		return r.Int64N(limit)
	case 2, 3:
		return r.Int64N(1000)
	default:
		return r.Int64N(12)
	}
}

func (r random) chance(oneIn int) bool { return r.IntN(oneIn) == 0 }

func withLag(d lag.Decision) int64 {
	var n int64
	for _, c := range d.Partitions {
		if c.Lag > 0 {
			n++
		}
	}
	return n
}
