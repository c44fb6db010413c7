package hpa

import "time"

// What the kube-controller-manager does unless its flags say otherwise.
const (
	// DefaultSync is how long after one sync of an HPA the next one begins (--horizontal-pod-autoscaler-sync-period).
	DefaultSync = 15 * time.Second
	// DefaultDownStabilization is for how long the HPA goes by the most that it was asked for
	// (--horizontal-pod-autoscaler-downscale-stabilization).
	DefaultDownStabilization = 5 * time.Minute
)

// Behavior is spec.behavior of an HPA: how fast it follows what its metrics ask for. What a ScaledObject leaves out has the
// API server's defaults (kubernetes: pkg/apis/autoscaling/v2/defaults.go), which DefaultUp and DefaultDown are.
type Behavior struct {
	Up, Down Direction
}

// Direction is one of the two ways.
type Direction struct {
	// Stabilization is stabilizationWindowSeconds: going up, the least that was asked for within it counts; going down, the most.
	Stabilization time.Duration
	// Policies bound the change; Select says which of them counts.
	Policies []RatePolicy
	Select   Select
	// Tolerance stands in for the Autoscaler's, if HasTolerance. Kubernetes 1.33 and 1.34 heed it only with the feature gate
	// HPAConfigurableTolerance.
	Tolerance    float64
	HasTolerance bool
}

// RatePolicy allows so many replicas, or so many percent of them, within a period.
type RatePolicy struct {
	// Percent says that Value is a percentage.
	Percent bool
	Value   int32
	Period  time.Duration
}

// Select is selectPolicy.
type Select int

const (
	// SelectMax takes the policy that allows the greatest change.
	SelectMax Select = iota
	// SelectMin takes the one that allows the smallest.
	SelectMin
	// SelectDisabled allows none in this direction.
	SelectDisabled
)

// DefaultUp goes up at once: by 4 replicas or by as many as there are, in 15 seconds.
func DefaultUp() Direction {
	return Direction{Policies: []RatePolicy{
		{Value: 4, Period: 15 * time.Second},
		{Percent: true, Value: 100, Period: 15 * time.Second},
	}}
}

// DefaultDown goes down to what was wanted most within five minutes, however far that is.
func DefaultDown() Direction {
	return Direction{
		Stabilization: DefaultDownStabilization,
		Policies:      []RatePolicy{{Percent: true, Value: 100, Period: 15 * time.Second}},
	}
}

// tolerances are how far a metric may be below and above its target.
func (a Autoscaler) tolerances() (down, up float64) {
	down, up = a.Tolerance, a.Tolerance
	if a.Behavior == nil {
		return down, up
	}
	if a.Behavior.Down.HasTolerance {
		down = a.Behavior.Down.Tolerance
	}
	if a.Behavior.Up.HasTolerance {
		up = a.Behavior.Up.Tolerance
	}
	return down, up
}
