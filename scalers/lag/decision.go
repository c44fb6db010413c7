package lag

import (
	"fmt"
	"time"
)

// Decision is a policy's answer for one view, with the way it was reached.
type Decision struct {
	Answer

	// Target is the lag that one replica should carry.
	Target int64
	// Lag and Persistent are the sums over Partitions before any limit. They saturate at the ends of int64, and are
	// negative when committed offsets lie past log ends.
	Lag, Persistent int64
	// Partitions are the selected partitions, in the observation's order.
	Partitions []Count
	// Reasons are the rules that led here, in the order in which they worked.
	Reasons []Reason
	// Stalled are the partitions whose commits stand still, in the observation's order; none where no rule looks for them.
	Stalled []Stalled
	// RevisitAt is when the passing of time alone may change the decision; zero for never.
	RevisitAt time.Time
}

// Reason is one step in words.
type Reason struct {
	// Rule is the name of the calculator that took the step.
	Rule string
	// Key is the metadata key that chose the rule; empty for KEDA's defaults.
	Key string
	// Text says what the rule saw and did, with the numbers.
	Text string
	// Warning reports that the user should act on Text.
	Warning bool
}

// Count is one partition as counted, in records.
type Count struct {
	Partition Partition
	// Lag counts in the metric.
	Lag int64
	// Persistent counts towards activation (KEDA's lagWithPersistent). It differs from Lag only where lag that does not
	// move is excluded.
	Persistent int64
	// Rule is the name of the measure that had the last word; empty when none had any.
	Rule string
}

// Total is what activation and limits work on.
type Total struct {
	Target int64
	// Value is the metric so far: Lag, as bounded by the limits before.
	Value int64
	// Lag and Persistent are the sums over Counts; they saturate.
	Lag, Persistent int64
	// Partitions and WithLag are how many partitions were selected and how many of them have Lag above zero.
	Partitions, WithLag int64
	Counts              []Count
	// Stalled are those of them whose commits stand still, once that was looked for.
	Stalled []Stalled
}

// note appends what a step had to say.
func (d *Decision) note(s Step, n Note) {
	if n.Text != "" {
		d.Reasons = append(d.Reasons, Reason{Rule: s.Name, Key: s.Key, Text: n.Text, Warning: n.Warning})
	}
	if n.RevisitAt.IsZero() {
		return
	}
	if d.RevisitAt.IsZero() || n.RevisitAt.Before(d.RevisitAt) {
		d.RevisitAt = n.RevisitAt
	}
}

func uncounted(partitions []Partition) []Count {
	counts := make([]Count, len(partitions))
	for i, p := range partitions {
		counts[i].Partition = p
	}
	return counts
}

func totalOf(target int64, counts []Count) Total {
	t := Total{Target: target, Partitions: int64(len(counts)), Counts: counts}
	for i := range counts {
		t.Lag = add(t.Lag, counts[i].Lag)
		t.Persistent = add(t.Persistent, counts[i].Persistent)
		if counts[i].Lag > 0 {
			t.WithLag++
		}
	}
	t.Value = t.Lag
	return t
}

// notNegative is the last word on every value: KEDA reports a negative metric as 0 (pkg/scalers/scaler.go).
func notNegative(value int64) (int64, Note) {
	if value >= 0 {
		return value, Note{}
	}
	return 0, Note{Text: fmt.Sprintf("%d is below zero: the metric is 0", value)}
}
