package scaling

import (
	"strconv"
	"time"

	"github.com/lagwise/lagwise/internal/hpa"
	"github.com/lagwise/lagwise/internal/manifest"
)

// DefaultPolling is KEDA's pollingInterval (KEDA: pkg/scaling/executor/scale_executor.go).
const DefaultPolling = 30 * time.Second

// Object is what a ScaledObject's spec says to KEDA.
func Object(spec manifest.Spec) hpa.ScaledObject {
	object := hpa.ScaledObject{
		MinReplicas:     or(spec.MinReplicaCount, 0),
		MaxReplicas:     or(spec.MaxReplicaCount, hpa.DefaultMaxReplicas),
		Cooldown:        seconds(spec.CooldownPeriod, hpa.DefaultCooldown),
		InitialCooldown: seconds(spec.InitialCooldownPeriod, 0),
	}
	if spec.IdleReplicaCount != nil {
		object.IdleReplicas, object.HasIdle = *spec.IdleReplicaCount, true
	}
	return object
}

// Autoscaler is the HPA that KEDA creates for the spec.
func Autoscaler(spec manifest.Spec) hpa.Autoscaler {
	autoscaler := Object(spec).Autoscaler()
	if spec.Behavior != nil {
		autoscaler.Behavior = &hpa.Behavior{
			Up:   direction(spec.Behavior.ScaleUp, hpa.DefaultUp()),
			Down: direction(spec.Behavior.ScaleDown, hpa.DefaultDown()),
		}
	}
	return autoscaler
}

// Polling is how often KEDA asks for the triggers.
func Polling(spec manifest.Spec) time.Duration { return seconds(spec.PollingInterval, DefaultPolling) }

// direction has Kubernetes' defaults for each field by itself (kubernetes: pkg/apis/autoscaling/v2/defaults.go,
// copyHPAScalingRules).
func direction(rules *manifest.ScalingRules, d hpa.Direction) hpa.Direction {
	if rules == nil {
		return d
	}
	d.Stabilization = seconds(rules.StabilizationWindowSeconds, d.Stabilization)
	if rules.Tolerance != nil {
		d.Tolerance, d.HasTolerance = *rules.Tolerance, true
	}
	switch rules.SelectPolicy {
	case "Min":
		d.Select = hpa.SelectMin
	case "Disabled":
		d.Select = hpa.SelectDisabled
	}
	if len(rules.Policies) == 0 {
		return d
	}
	d.Policies = nil
	for _, policy := range rules.Policies {
		d.Policies = append(d.Policies, hpa.RatePolicy{
			Percent: policy.Type == "Percent", Value: policy.Value, Period: time.Duration(policy.PeriodSeconds) * time.Second,
		})
	}
	return d
}

// Fallback is the ScaledObject's fallback; valid is false where it has none, or one that KEDA does not heed
// (KEDA: pkg/fallback/fallback.go, HasValidFallback).
func Fallback(spec manifest.Spec) (fallback hpa.Fallback, valid bool) {
	if spec.Fallback == nil || spec.Fallback.FailureThreshold < 0 || spec.Fallback.Replicas < 0 {
		return hpa.Fallback{}, false
	}
	behaviors := map[string]hpa.FallbackBehavior{
		"currentReplicas":         hpa.FallbackCurrent,
		"currentReplicasIfHigher": hpa.FallbackCurrentIfHigher,
		"currentReplicasIfLower":  hpa.FallbackCurrentIfLower,
	}
	return hpa.Fallback{
		Replicas: spec.Fallback.Replicas, Threshold: spec.Fallback.FailureThreshold, Current: behaviors[spec.Fallback.Behavior],
	}, true
}

// Job is what a ScaledJob's spec says to KEDA.
func Job(spec manifest.Spec) hpa.ScaledJob {
	job := hpa.ScaledJob{MinReplicas: or(spec.MinReplicaCount, 0)}
	if spec.MaxReplicaCount != nil {
		job.MaxReplicas, job.HasMax = *spec.MaxReplicaCount, true
	}
	if spec.ScalingStrategy == nil {
		return job
	}
	switch spec.ScalingStrategy.Strategy {
	case "accurate":
		job.Strategy = hpa.AccurateStrategy
	case "eager":
		job.Strategy = hpa.EagerStrategy
	case "custom":
		share, err := strconv.ParseFloat(spec.ScalingStrategy.CustomScalingRunningJobPercentage, 64)
		if err == nil { // else KEDA takes its default strategy
			job.Strategy, job.RunningShare = hpa.CustomStrategy, share
			job.Deduction = or(spec.ScalingStrategy.CustomScalingQueueLengthDeduction, 0)
		}
	}
	together := map[string]hpa.Together{"min": hpa.TogetherMin, "avg": hpa.TogetherAverage, "sum": hpa.TogetherSum}
	job.Together = together[spec.ScalingStrategy.MultipleScalersCalculation]
	return job
}

func or(written *int32, preset int32) int32 {
	if written == nil {
		return preset
	}
	return *written
}

func seconds(written *int32, preset time.Duration) time.Duration {
	if written == nil {
		return preset
	}
	return time.Duration(*written) * time.Second
}
