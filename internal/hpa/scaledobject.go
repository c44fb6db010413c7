package hpa

import "time"

// DefaultMaxReplicas and DefaultCooldown are KEDA's, for a ScaledObject that does not set maxReplicaCount or
// cooldownPeriod (KEDA: apis/keda/v1alpha1/scaledobject_types.go, pkg/scaling/executor/scale_executor.go).
const (
	DefaultMaxReplicas int32 = 100
	DefaultCooldown          = 5 * time.Minute
)

// ScaledObject is what KEDA's arithmetic reads of a ScaledObject's spec. The fields have no defaults of their own.
type ScaledObject struct {
	// MinReplicas is minReplicaCount, MaxReplicas maxReplicaCount.
	MinReplicas, MaxReplicas int32
	// IdleReplicas is idleReplicaCount, if HasIdle.
	IdleReplicas int32
	HasIdle      bool
	// Cooldown is cooldownPeriod, InitialCooldown initialCooldownPeriod.
	Cooldown, InitialCooldown time.Duration
}

// Autoscaler is the HPA that KEDA creates: it never goes below 1, because 0 is KEDA's own affair
// (KEDA: controllers/keda/hpa.go, GetHPAMinReplicas).
func (s ScaledObject) Autoscaler() Autoscaler {
	return Autoscaler{Min: max(1, s.MinReplicas), Max: s.MaxReplicas, Tolerance: DefaultTolerance}
}

// Poll is what one round of questions about a ScaledObject's triggers brought.
type Poll struct {
	// Active says that at least one trigger is active.
	Active bool
	// Failed says that at least one trigger gave an error instead.
	Failed bool
	// Quiet is the time since a trigger was last active, or since the ScaledObject was created if none ever was.
	Quiet time.Duration
	// EverActive says which.
	EverActive bool
}

// Decision is what KEDA does after a poll.
type Decision struct {
	Replicas int32
	// CountsAsActive says that KEDA sets lastActiveTime, from which the cool-down counts, to the time of this poll.
	CountsAsActive bool
}

// Decide is KEDA's part in scaling, beside the HPA's: waking up, going to sleep after the cool-down, and nothing in
// between (KEDA: pkg/scaling/executor/scale_scaledobjects.go, RequestScale). While a trigger fails and none is active it
// changes nothing.
func (s ScaledObject) Decide(current int32, poll Poll) Decision {
	switch {
	case poll.Active && (current == 0 || (s.HasIdle && current < s.MinReplicas)):
		return Decision{Replicas: max(1, s.MinReplicas), CountsAsActive: true}
	case poll.Active:
		return Decision{Replicas: current, CountsAsActive: !poll.Failed}
	case poll.Failed:
		return Decision{Replicas: current}
	case (s.HasIdle && current > s.IdleReplicas) || (current > 0 && s.MinReplicas == 0):
		return Decision{Replicas: s.asleep(current, poll)}
	case !s.HasIdle && current < s.MinReplicas:
		return Decision{Replicas: s.MinReplicas}
	default:
		return Decision{Replicas: current}
	}
}

// Resting is how many replicas KEDA leaves while no trigger is active: idleReplicaCount, or minReplicaCount.
func (s ScaledObject) Resting() int32 {
	if s.HasIdle {
		return s.IdleReplicas
	}
	return s.MinReplicas
}

// asleep is where it rests, once the cool-down is over (scaleToZeroOrIdle).
func (s ScaledObject) asleep(current int32, poll Poll) int32 {
	cooldown := s.InitialCooldown
	if poll.EverActive {
		cooldown = s.Cooldown
	}
	if poll.Quiet <= cooldown {
		return current
	}
	return s.Resting()
}
