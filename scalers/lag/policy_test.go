package lag_test

import (
	"errors"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/lagwise/lagwise/scalers/lag"
)

func TestDecideRefusesWithoutTarget(t *testing.T) {
	t.Parallel()
	for _, target := range []int64{0, -1} {
		if d, err := (lag.Rules{Target: target}).Policy().Decide(lag.View{}); err == nil {
			t.Errorf("target %d: decided %+v", target, d)
		}
	}
}

func TestNoPartitionErrorCarriesWhatTheCallerReports(t *testing.T) {
	t.Parallel()
	only := lag.Ranges{{First: 7, Last: 9}}
	_, err := lag.Rules{Target: 10, Topic: "orders", Partitions: only}.Policy().Decide(lag.View{Latest: lag.Observation{
		Partitions: []lag.Partition{{Topic: "orders", ID: 0}, {Topic: "orders", ID: 1}, {Topic: "orders", ID: 3}},
	}})
	none, ok := errors.AsType[*lag.NoPartitionError](err)
	if !ok {
		t.Fatalf("error is %v", err)
	}
	want := lag.NoPartitionError{Topic: "orders", Limitation: only, Existing: lag.Ranges{{0, 1}, {3, 3}}}
	if !reflect.DeepEqual(*none, want) {
		t.Errorf("got %+v, want %+v", *none, want)
	}
}

// TestNeedsOfEveryPart: each of a policy's places can ask for something, and the longest history wins.
func TestNeedsOfEveryPart(t *testing.T) {
	t.Parallel()
	asks := lag.Step{Needs: lag.Needs{LogStart: true, LogStartWithoutCommit: true, Since: []time.Duration{time.Second, time.Minute}, History: time.Hour}}
	asksLess := lag.Step{Needs: lag.Needs{Since: []time.Duration{time.Minute}, History: time.Minute}}
	for place, policy := range map[string]*lag.Policy{
		"select":    {Select: lag.Select{Step: asks}, Measures: []lag.Measure{{Step: asksLess}}},
		"measures":  {Measures: []lag.Measure{{Step: asks}, {Step: asksLess}}},
		"activate":  {Activate: lag.Activate{Step: asks}, Limits: []lag.Limit{{Step: asksLess}}},
		"aggregate": {Aggregate: lag.Aggregate{Step: asks}, Limits: []lag.Limit{{}}},
		"limits":    {Select: lag.Select{Step: asksLess}, Limits: []lag.Limit{{}, {Step: asks}, {}}},
		"gates":     {Select: lag.Select{Step: asksLess}, Gates: []lag.Gate{{Step: asks}, {}}},
	} {
		if got := policy.Needs(); !reflect.DeepEqual(got, asks.Needs) {
			t.Errorf("%s: needs %+v, want %+v", place, got, asks.Needs)
		}
	}
}

// TestFurtherRules: a rule that Decide has never heard of takes part in every place, and the earliest moment that any of
// them names is the decision's.
func TestFurtherRules(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_000_000, 0)
	policy := lag.Rules{Target: 10, Topic: "orders"}.Policy()
	policy.Measures = append(policy.Measures, lag.Measure{
		Step: lag.Step{Name: "double", Key: "double"},
		Do: func(v lag.View, counts []lag.Count) lag.Note {
			for i := range counts {
				counts[i].Lag *= 2
			}
			return lag.Note{Text: "lag counts twice", RevisitAt: v.Now.Add(3 * time.Hour)}
		},
	})
	policy.Activate = lag.Activate{
		Step: lag.Step{Name: "window", Key: "window"},
		Do: func(v lag.View, _ lag.Total) (bool, lag.Note) {
			return false, lag.Note{Text: "closed", RevisitAt: v.Now.Add(time.Hour)}
		},
	}
	policy.Limits = []lag.Limit{{
		Step: lag.Step{Name: "floor-of-one", Key: "minimum"},
		Do: func(v lag.View, total lag.Total) (int64, lag.Note) {
			return total.Value + total.Target, lag.Note{Text: "one more", RevisitAt: v.Now.Add(2 * time.Hour)}
		},
	}}
	d, err := policy.Decide(lag.View{Now: now, Latest: lag.Observation{
		Partitions: []lag.Partition{{Topic: "orders", End: 7, HasCommitted: true}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	if d.Value != 24 || d.Active || !d.RevisitAt.Equal(now.Add(time.Hour)) {
		t.Errorf("decided %+v", d)
	}
	if last := d.Reasons[len(d.Reasons)-1]; last != (lag.Reason{Rule: "floor-of-one", Key: "minimum", Text: "one more"}) {
		t.Errorf("last reason %+v", last)
	}
}

func TestDecideLeavesTheViewAlone(t *testing.T) {
	t.Parallel()
	forRandom(t, 2_000, func(t *testing.T, rules lag.Rules, view lag.View) {
		t.Helper()
		before := lag.View{Now: view.Now, Latest: copied(view.Latest)}
		for _, seen := range view.History {
			before.History = append(before.History, copied(seen))
		}
		first, _ := rules.Policy().Decide(view)
		if !reflect.DeepEqual(view, before) {
			t.Fatalf("view was %+v", before)
		}
		second, _ := rules.Policy().Decide(view)
		if !reflect.DeepEqual(first, second) {
			t.Fatalf("decided %+v, then %+v", first, second)
		}
	})
}

func copied(seen lag.Observation) lag.Observation {
	seen.Partitions = slices.Clone(seen.Partitions)
	return seen
}

// TestAllocationsDoNotGrow with the partitions: with every rule at work they are two slices and the reasons' texts. The
// bounds leave room for the race detector, under which fmt allocates more. It cannot run beside other tests, which
// allocate too.
func TestAllocationsDoNotGrow(t *testing.T) {
	some, many := allocations(t, 1_000), allocations(t, 50_000)
	if many > some+10 {
		t.Errorf("%v allocations for 1,000 partitions, %v for 50,000", some, many)
	}
	if some > 100 {
		t.Errorf("%v allocations for a decision", some)
	}
}

func allocations(t *testing.T, partitions int32) float64 {
	t.Helper()
	policy, view := everyRule(), largeView(partitions)
	return testing.AllocsPerRun(20, func() {
		if _, err := policy.Decide(view); err != nil {
			t.Fatal(err)
		}
	})
}

func BenchmarkDecide(b *testing.B) {
	for name, partitions := range map[string]int32{"12": 12, "10000": 10_000} {
		b.Run(name, func(b *testing.B) {
			policy, view := everyRule(), largeView(partitions)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := policy.Decide(view); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func everyRule() *lag.Policy {
	return lag.Rules{
		Target: 10, Topic: "orders", Partitions: lag.Ranges{{0, 2147483647}}, ResetEarliest: true, ClampToLogStart: true,
		ExcludePersistentLag: true, PersistentLagInterval: 30 * time.Second, EvenDistribution: true,
	}.Policy()
}

// largeView has partitions with and without commit, below the log start, persistent and new.
func largeView(partitions int32) lag.View {
	now := time.Unix(1_000_000, 0)
	view := lag.View{Now: now, Latest: lag.Observation{At: now}, History: []lag.Observation{{At: now.Add(-time.Minute)}}}
	for id := range partitions {
		p := lag.Partition{Topic: "orders", ID: id, Start: 100, HasStart: true, End: 1000, Committed: 90 + int64(id), HasCommitted: id%5 != 0}
		view.Latest.Partitions = append(view.Latest.Partitions, p)
		if id%3 != 0 {
			p.Committed -= int64(id % 2)
			view.History[0].Partitions = append(view.History[0].Partitions, p)
		}
	}
	return view
}

func decide(t *testing.T, rules lag.Rules, view lag.View) lag.Decision {
	t.Helper()
	d, err := rules.Policy().Decide(view)
	if err != nil {
		t.Fatal(err)
	}
	return d
}
