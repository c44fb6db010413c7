package hpa

// Fallback is a ScaledObject's fallback: what KEDA tells the HPA in place of a trigger that has failed more often in a row than
// failureThreshold allows.
type Fallback struct {
	// Replicas is fallback.replicas, Threshold failureThreshold; neither is negative, or KEDA has no fallback.
	Replicas, Threshold int32
	// Current is fallback.behavior.
	Current FallbackBehavior
}

// FallbackBehavior says whether the replicas that run count.
type FallbackBehavior int

// The fallback's behaviours, but for scalingModifiers.
const (
	FallbackStatic FallbackBehavior = iota
	FallbackCurrent
	FallbackCurrentIfHigher
	FallbackCurrentIfLower
)

// Metric is what the HPA gets instead of the trigger's, which has this target in thousandths (KEDA: pkg/fallback/fallback.go,
// doFallback).
func (f Fallback) Metric(target int64, current int32) Metric {
	replicas := f.Replicas
	switch f.Current {
	case FallbackCurrent:
		replicas = current
	case FallbackCurrentIfHigher:
		replicas = max(replicas, current)
	case FallbackCurrentIfLower:
		replicas = min(replicas, current)
	case FallbackStatic:
	}
	return Metric{Value: target * int64(replicas), Target: target}
}
