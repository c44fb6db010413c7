package lag

import "fmt"

// Rounding says how the cap turns lag into replicas when it compares them with its bound.
type Rounding int

const (
	// RoundDown is KEDA's: lag 29 at target 5 counts as 5 replicas and passes a cap of 5, but the HPA rounds up and asks
	// for 6, of which one idles.
	RoundDown Rounding = iota
	// RoundUp rounds as the HPA does, so that it never asks for more replicas than the cap (key capRounding: ceil).
	RoundUp
)

// Cap is how CapAtPartitions and CapAtPartitionsWithLag compare.
type Cap struct {
	// Key chose the cap; empty for KEDA's default.
	Key      string
	Rounding Rounding
	// Consumers is how many consumers of the group run in one replica (key consumersPerReplica); 1 for KEDA.
	Consumers int64
}

// CapAtPartitions caps the value at as many replicas as have a selected partition for at least one of their consumers: a
// further one would have nothing to read (KEDA: kafka_scaler.go, upperBound in getTotalLag; key limitBy: partitions).
func CapAtPartitions(c Cap) Limit {
	return Limit{Step: Step{Name: "cap", Key: c.Key}, Do: func(_ View, t Total) (int64, Note) {
		return c.apply(t, t.Partitions, several(t.Partitions, "partition"))
	}}
}

// CapAtPartitionsWithLag counts only partitions whose lag in the metric is above zero (keys limitToPartitionsWithLag, and
// limitBy: partitionsWithLag). Partitions below zero count for nothing here but still take from the lag.
func CapAtPartitionsWithLag(c Cap) Limit {
	return Limit{Step: Step{Name: "cap", Key: c.Key}, Do: func(_ View, t Total) (int64, Note) {
		return c.apply(t, t.WithLag, several(t.WithLag, "partition")+" with lag")
	}}
}

// apply lets a value stand that is exactly the cap's. bound*Target cannot overflow: it is used only where it is below
// the value.
func (c Cap) apply(t Total, partitions int64, what string) (int64, Note) {
	replicas := t.Value / t.Target
	if c.Rounding == RoundUp {
		replicas = divideUp(t.Value, t.Target)
	}
	bound := divideUp(partitions, c.Consumers)
	if replicas <= bound {
		return t.Value, Note{}
	}
	if c.Consumers > 1 {
		what += fmt.Sprintf(" keep busy with %d consumers each (%d)", c.Consumers, bound)
	}
	value := bound * t.Target
	return value, Note{Text: fmt.Sprintf("lag %d at lagThreshold %d is work for %s, more than %s: capped at %d",
		t.Value, t.Target, several(replicas, "replica"), what, value)}
}
