package lag

import "fmt"

// Rounding says how the cap turns lag into replicas when it compares them with partitions.
type Rounding int

const (
	// RoundDown is KEDA's: lag 29 at target 5 counts as 5 replicas and passes a cap of 5, but the HPA rounds up and asks
	// for 6, of which one idles.
	RoundDown Rounding = iota
	// RoundUp rounds as the HPA does, so that it never asks for more replicas than the cap (key capRounding: ceil).
	RoundUp
)

// CapAtPartitions caps the value at one replica for each selected partition: a further consumer of the group would have
// nothing to read (KEDA: kafka_scaler.go, upperBound in getTotalLag).
func CapAtPartitions(rounding Rounding) Limit {
	step := Step{Name: "cap"}
	if rounding == RoundUp {
		step.Key = "capRounding"
	}
	return Limit{Step: step, Do: func(_ View, t Total) (int64, Note) {
		return capAt(t, t.Partitions, several(t.Partitions, "partition"), rounding)
	}}
}

// CapAtPartitionsWithLag caps the value at one replica for each partition whose lag in the metric is above zero (key
// limitToPartitionsWithLag). Partitions below zero count for nothing here but still take from the lag.
func CapAtPartitionsWithLag(rounding Rounding) Limit {
	return Limit{Step: Step{Name: "cap", Key: "limitToPartitionsWithLag"}, Do: func(_ View, t Total) (int64, Note) {
		return capAt(t, t.WithLag, several(t.WithLag, "partition")+" with lag", rounding)
	}}
}

// capAt lets a value stand that is exactly the cap's. bound*Target cannot overflow: it is used only where it is below
// the value.
func capAt(t Total, bound int64, what string, rounding Rounding) (int64, Note) {
	replicas := t.Value / t.Target
	if rounding == RoundUp {
		replicas = divideUp(t.Value, t.Target)
	}
	if replicas <= bound {
		return t.Value, Note{}
	}
	value := bound * t.Target
	return value, Note{Text: fmt.Sprintf("lag %d at lagThreshold %d is work for %s, more than %s: capped at %d",
		t.Value, t.Target, several(replicas, "replica"), what, value)}
}
