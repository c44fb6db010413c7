package hpa

import "math"

// DefaultMaxJobs is maxReplicaCount of a ScaledJob that does not set it
// (KEDA: apis/keda/v1alpha1/scaledjob_types.go, defaultScaledJobMaxReplicaCount).
const DefaultMaxJobs int32 = 100

// ScaledJob is what KEDA's arithmetic reads of a ScaledJob's spec.
type ScaledJob struct {
	// MinReplicas is minReplicaCount, and 0 by default.
	MinReplicas int32
	// MaxReplicas is maxReplicaCount, if HasMax.
	MaxReplicas int32
	HasMax      bool
	// Strategy is scalingStrategy.strategy; Deduction and RunningShare are those of a custom one.
	Strategy     JobStrategy
	Deduction    int32
	RunningShare float64
	// Together is scalingStrategy.multipleScalersCalculation.
	Together Together
}

// JobStrategy says which jobs count as doing the work that waits.
type JobStrategy int

const (
	// DefaultStrategy takes off what runs.
	DefaultStrategy JobStrategy = iota
	// CustomStrategy takes off Deduction, and RunningShare of what runs. One whose share is no number is KEDA's default.
	CustomStrategy
	// AccurateStrategy takes off what has not begun: work that has begun is no longer in the queue.
	AccurateStrategy
	// EagerStrategy starts as many as may run at all, as long as there is so much to do.
	EagerStrategy
)

// Together says what several triggers ask for.
type Together int

// The ways of multipleScalersCalculation.
const (
	TogetherMax Together = iota
	TogetherMin
	TogetherAverage
	TogetherSum
)

// JobTrigger is one trigger's answer.
type JobTrigger struct {
	Metric
	Active bool
}

// Jobs is what KEDA does about a ScaledJob after a poll.
type Jobs struct {
	// Start is how many jobs KEDA starts.
	Start int64
	// Asked is how many jobs the triggers ask for altogether, rounded up, before any bound; Queue is their value.
	Asked, Queue int64
	// Bound is what keeps Start from being Asked.
	Bound JobBound
}

// JobBound is what a ScaledJob's start of jobs runs into.
type JobBound int

const (
	// JobsUnbound is what the triggers ask for.
	JobsUnbound JobBound = iota
	// JobsInactive is no trigger's being active.
	JobsInactive
	// JobsByMin is minReplicaCount: KEDA first fills it up, whatever the triggers say.
	JobsByMin
	// JobsByMax is maxReplicaCount.
	JobsByMax
	// JobsByStrategy is what already runs, or waits to run, by the scaling strategy.
	JobsByStrategy
	// JobsByQueue is that no more jobs are started than the metric's value, whatever its target.
	JobsByQueue
)

// Poll is what KEDA does while so many jobs run that are not finished, of which some are pending because no pod of theirs runs yet
// (KEDA: pkg/scaling/scaledjob/metrics.go, pkg/scaling/executor/scale_jobs.go).
func (s ScaledJob) Poll(running, pending int64, triggers ...JobTrigger) Jobs {
	minimum, maximum := s.bounds()
	queue, asked, active := s.together(triggers, maximum)
	jobs := Jobs{Queue: ceilOf(queue), Asked: ceilOf(asked.without)}
	start, most := jobs.Queue, ceilOf(min(asked.bound, float64(maximum)))
	bound := JobsUnbound
	if most < jobs.Asked {
		bound = JobsByMax
	}
	switch {
	case running < minimum:
		start, most, bound = minimum-running, minimum-running, JobsByMin
	default:
		before := most
		most, start = s.effective(most, running-minimum, pending, maximum, start)
		if most < before {
			bound = JobsByStrategy
		}
	}
	if !active && minimum == 0 {
		jobs.Bound = JobsInactive
		return jobs
	}
	jobs.Start, jobs.Bound = max(0, most), bound
	if start < jobs.Start {
		jobs.Start, jobs.Bound = start, JobsByQueue
	}
	return jobs
}

// bounds are KEDA's minReplicaCount, and maxReplicaCount without it. One that is not set is 100 beside any minimum
// (ScaledJob.MinReplicaCount and MaxReplicaCount).
func (s ScaledJob) bounds() (minimum, maximum int64) {
	switch {
	case !s.HasMax:
		return int64(s.MinReplicas), int64(DefaultMaxJobs)
	case s.MinReplicas > s.MaxReplicas:
		return int64(s.MaxReplicas), int64(s.MaxReplicas)
	default:
		return int64(s.MinReplicas), int64(s.MaxReplicas) - int64(s.MinReplicas)
	}
}

// wanted is a number of jobs, each trigger's bounded and not.
type wanted struct{ bound, without float64 }

// together makes one of all active triggers' answers (IsScaledJobActive).
func (s ScaledJob) together(triggers []JobTrigger, maximum int64) (queue float64, asked wanted, active bool) {
	var count float64
	for _, trigger := range triggers {
		if !trigger.Active {
			continue
		}
		length := float64(trigger.Value) / 1000
		one := wanted{without: length / (float64(trigger.Target) / 1000)}
		one.bound = min(one.without, float64(maximum))
		count++
		switch s.Together {
		case TogetherSum, TogetherAverage:
			queue, active = queue+length, true
			asked = wanted{asked.bound + one.bound, asked.without + one.without}
		case TogetherMin:
			if queue == 0 || length < queue {
				queue, asked, active = length, one, true
			}
		case TogetherMax:
			if length > queue {
				queue, asked, active = length, one, true
			}
		}
	}
	if s.Together == TogetherAverage && count > 0 {
		queue, asked = queue/count, wanted{asked.bound / count, asked.without / count}
	}
	return queue, asked, active
}

// effective is how many jobs may be started at most, and how many there are to start (ScalingStrategy.GetEffectiveMaxScale).
func (s ScaledJob) effective(most, running, pending, maximum, start int64) (int64, int64) {
	switch s.Strategy {
	case CustomStrategy:
		return min(most-int64(s.Deduction)-int64(float64(running)*s.RunningShare), maximum), start
	case AccurateStrategy:
		if most+running-pending > maximum {
			return maximum - running, start
		}
		return most - pending, start
	case EagerStrategy:
		return min(maximum-running-pending, most), maximum
	default:
		return most - running, start
	}
}

func ceilOf(x float64) int64 { return int64(math.Ceil(x)) }
