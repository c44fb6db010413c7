package lag

import (
	"fmt"
	"slices"
	"time"
)

// Policy is how one trigger decides: which partitions it counts, how it counts each, when it is active, and what bounds
// the metric. Rules.Policy makes KEDA's. A further rule is a further calculator in one of these places; Decide knows
// none of them by name.
type Policy struct {
	// Target is the lag that one replica should carry (key lagThreshold), above zero.
	Target int64
	Select Select
	// Measures count one after another; each may change what those before it counted.
	Measures []Measure
	Activate Activate
	// Aggregate makes one number of the partitions' lags.
	Aggregate Aggregate
	// Stall is the zero value where nobody asks for it.
	Stall Stall
	// Limits bound the metric one after another; activation comes before them and does not feel them.
	Limits []Limit
	// Gates have the last word on both, one after another.
	Gates []Gate
}

// Step is what every calculator carries beside its function.
type Step struct {
	// Name is the rule's name in reasons.
	Name string
	// Key is the metadata key that chose the rule; empty for KEDA's defaults.
	Key string
	// Needs is what the function reads from the View beyond end and committed offsets.
	Needs Needs
}

// Note is what a calculator has to say about one decision.
type Note struct {
	// Text says in words and numbers what the rule saw and did; empty when it had nothing to do.
	Text string
	// Warning reports that the user should act on Text.
	Warning bool
	// RevisitAt is when the passing of time alone may change what the rule does; zero for never.
	RevisitAt time.Time
}

// Select picks the partitions that count. It returns them in the observation's order and may return the observation's
// own slice. Its error means that there is nothing to decide about.
type Select struct {
	Step
	// Counts reports whether a partition can be selected; nil when every partition can. The others need not be read, and must not fail
	// the observation when they cannot be.
	Counts func(topic string, id int32) bool
	Do     func(Observation) ([]Partition, Note, error)
}

// Measure counts the lag of the selected partitions, in place. It gets all of them at once, in the observation's order,
// so that its note speaks of them together. The first Measure finds zeroes.
type Measure struct {
	Step
	Do func(View, []Count) Note
}

// Activate says whether there is work at all.
type Activate struct {
	Step
	Do func(View, Total) (bool, Note)
}

// Aggregate makes the metric of what was counted. The total that it gets holds the sum as its Value.
type Aggregate struct {
	Step
	Do func(View, Total) (int64, Note)
}

// Limit turns the metric's value so far, Total.Value, into the next.
type Limit struct {
	Step
	Do func(View, Total) (int64, Note)
}

// Gate overrides, in replicas or altogether, what the lag asks for. It gets what the rules before it answer, and gives what
// to answer instead.
type Gate struct {
	Step
	Do func(View, Total, Answer) (Answer, Note)
}

// Answer is what a trigger answers, as far as it is decided.
type Answer struct {
	// Value is the metric over all replicas, in records; never negative.
	Value int64
	// Active says whether there is work at all.
	Active bool
	// Shut says that no record can change the answer: only time can.
	Shut bool
}

// Needs is the union of what the policy's parts need.
func (p *Policy) Needs() Needs {
	needs := p.Select.Needs.and(p.Activate.Needs).and(p.Aggregate.Needs).and(p.Stall.Needs)
	for _, m := range p.Measures {
		needs = needs.and(m.Needs)
	}
	for _, l := range p.Limits {
		needs = needs.and(l.Needs)
	}
	for _, g := range p.Gates {
		needs = needs.and(g.Needs)
	}
	return needs
}

func (n Needs) and(other Needs) Needs {
	return Needs{
		LogStart:              n.LogStart || other.LogStart,
		LogStartWithoutCommit: n.LogStartWithoutCommit || other.LogStartWithoutCommit,
		LogStartPastEnd:       n.LogStartPastEnd || other.LogStartPastEnd,
		ReadCommitted:         n.ReadCommitted || other.ReadCommitted,
		Phantom:               n.Phantom || other.Phantom,
		OldestRecord:          n.OldestRecord || other.OldestRecord,
		Shown:                 n.Shown || other.Shown,
		Since:                 slices.Compact(slices.Sorted(slices.Values(slices.Concat(n.Since, other.Since)))),
		History:               max(n.History, other.History),
		Pace:                  n.Pace || other.Pace,
		Consumers:             n.Consumers || other.Consumers,
		ConsumersAtRest:       n.ConsumersAtRest || other.ConsumersAtRest,
		Standing:              max(n.Standing, other.Standing),
	}
}

// Decide answers for one view. The same view gives the same decision, and the view is left as it was. It takes time in
// proportion to the partitions and allocates a handful of times, whatever their number.
func (p *Policy) Decide(v View) (Decision, error) {
	if p.Target < 1 {
		return Decision{}, fmt.Errorf("lagThreshold is %d: it must be above zero", p.Target)
	}
	d := Decision{Target: p.Target, Reasons: make([]Reason, 0, 2+len(p.Measures)+2+len(p.Limits)+3+len(p.Gates))}

	d.note(missingTopics(v.Latest))
	partitions, note, err := p.Select.Do(v.Latest)
	if err != nil {
		return Decision{}, err
	}
	d.note(p.Select.Step, note)

	d.Partitions = uncounted(partitions)
	for _, m := range p.Measures {
		d.note(m.Step, m.Do(v, d.Partitions))
	}
	total := totalOf(p.Target, d.Partitions)
	d.Lag, d.Persistent = total.Lag, total.Persistent

	var answer Answer
	answer.Active, note = p.Activate.Do(v, total)
	d.note(p.Activate.Step, note)

	total.Value = p.metric(v, total, &d)
	total.Value = p.stall(v, total, &d)
	answer.Value, note = notNegative(total.Value)
	d.note(Step{Name: "floor"}, note)

	for _, g := range p.Gates {
		answer, note = g.Do(v, total, answer)
		d.note(g.Step, note)
	}
	d.Answer = answer
	return d, nil
}

// metric is what the counted partitions ask for, in records.
func (p *Policy) metric(v View, total Total, d *Decision) int64 {
	var note Note
	total.Value, note = p.Aggregate.Do(v, total)
	d.note(p.Aggregate.Step, note)
	for _, l := range p.Limits {
		total.Value, note = l.Do(v, total)
		d.note(l.Step, note)
	}
	return total.Value
}

// stall is the metric once partitions that nobody gets on with are known, which adds no replicas where it holds.
func (p *Policy) stall(v View, total Total, d *Decision) int64 {
	if p.Stall.Judge == nil {
		return total.Value
	}
	var note Note
	total.Stalled, note = p.Stall.Judge(v, total)
	d.Stalled = total.Stalled
	d.note(p.Stall.Step, note)
	if len(total.Stalled) == 0 || p.Stall.Hold == nil {
		return total.Value
	}
	value, note := p.Stall.Hold(v, total, p.metric(v, total.moving(), &Decision{}))
	d.note(Step{Name: "stall-hold", Key: p.Stall.Key}, note)
	return value
}
