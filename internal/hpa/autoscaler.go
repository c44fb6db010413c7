package hpa

import "math"

// DefaultTolerance is how far a metric may be from its target, relative to it, before the HPA acts
// (--horizontal-pod-autoscaler-tolerance of the kube-controller-manager).
const DefaultTolerance = 0.1

// Metric is one External metric with an AverageValue target, which is what KEDA gives the HPA for a trigger. Both are in
// thousandths.
type Metric struct {
	// Value is the metric over all replicas; not below zero.
	Value int64
	// Target is what one replica should carry; above zero.
	Target int64
}

// Autoscaler is a HorizontalPodAutoscaler.
type Autoscaler struct {
	// Min and Max bound its replicas; Min is at least 1.
	Min, Max int32
	// Tolerance is relative; see DefaultTolerance.
	Tolerance float64
	// Behavior is how fast it goes; nil where spec.behavior is not set, which is almost as if the defaults were.
	Behavior *Behavior
}

// Replicas is what the HPA scales current replicas to in the end, given its metrics and however fast it may go: the most that any
// of them asks for, within bounds. Sync tells what it does at once. At 0 replicas the HPA is switched off, and waking up is left
// to KEDA (kubernetes: pkg/controller/podautoscaler/horizontal.go, reconcileAutoscaler).
func (a Autoscaler) Replicas(current int32, metrics ...Metric) int32 {
	switch {
	case current == 0:
		return 0
	case current > a.Max:
		return a.Max
	case current < a.Min:
		return a.Min
	case len(metrics) == 0:
		return current
	}
	return min(max(a.wish(current, metrics), a.Min), a.Max)
}

// replicas is one metric's wish, before bounds (kubernetes: pkg/controller/podautoscaler/replica_calculator.go,
// GetExternalPerPodMetricReplicas; since 1.33 the ends of the tolerance belong to it: Tolerances.isWithin).
func (m Metric) replicas(current int32, down, up float64) int32 {
	ratio := float64(m.Value) / (float64(m.Target) * float64(current))
	if 1-down <= ratio && ratio <= 1+up {
		return current
	}
	return m.Asks()
}

// Asks is how many replicas the metric asks for, before tolerance and bounds: value / target, rounded up. It divides whole
// numbers where the HPA divides floating-point ones; the two agree as long as those are exact, and here a result beyond int32 is
// the greatest int32 rather than anything.
func (m Metric) Asks() int32 {
	quotient := m.Value / m.Target
	if m.Value%m.Target > 0 {
		quotient++
	}
	return saturated(quotient)
}

// saturated is for numbers that are not negative.
func saturated(n int64) int32 {
	return int32(min(n, math.MaxInt32)) //nolint:gosec // bounded above, and not negative
}
