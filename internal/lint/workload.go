package lint

import (
	"slices"

	"github.com/lagwise/lagwise/internal/manifest"
)

// workloadRules are about replicas and times, whoever answers for the triggers.
func workloadRules() []Rule { return slices.Concat(jobRules(), replicaRules()) }

func replicaRules() []Rule {
	return []Rule{
		{
			ID: "replica-bounds", Severity: Error,
			Finds:   "Replica counts that contradict each other: a minimum above the maximum, or an idle count that is not below the minimum.",
			Happens: "KEDA refuses the object.",
			Do:      "Say idleReplicaCount < minReplicaCount <= maxReplicaCount.",
			look:    replicaBounds,
		},
		{
			ID: "idle-above-zero", Severity: Error,
			Finds:   "An idleReplicaCount above 0.",
			Happens: "While no trigger is active, KEDA takes away what is above it at each poll, and the HPA adds it again, up to minReplicaCount: pods are stopped and started for ever. KEDA supports no other idle count than 0.",
			Do:      "Say `idleReplicaCount: 0`, or leave it out and let minReplicaCount be what shall always run.",
			look:    idleAboveZero,
		},
		{
			ID: "cold-start", Severity: Hint,
			Finds:   "A workload that may go to zero, without initialCooldownPeriod.",
			Happens: "When it is first applied and nothing waits, its running pods are stopped at once.",
			Do:      "Say `initialCooldownPeriod: 300`, or as long as a first record may take.",
			look:    coldStart,
		},
		{
			ID: "fallback-zero", Severity: Warning,
			Finds:   "fallback.replicas: 0.",
			Happens: "While a trigger fails and none is active, replicas go to the minimum, or to 0 after the cool-down, as if there was nothing to do; so also with another fallback.behavior than static.",
			Do:      "Name as many replicas as should run while nobody knows the lag, or leave fallback out to keep those that run.",
			look:    fallbackZero,
		},
		{
			ID: "never-sleeps", Severity: Hint,
			Finds:   "cooldownPeriod or pollingInterval of a workload that never goes to zero.",
			Happens: "Neither has an effect: the HPA alone scales between the minimum and the maximum.",
			Do:      "Leave it out, or say `minReplicaCount: 0` or `idleReplicaCount: 0`; the HPA's pace is advanced.horizontalPodAutoscalerConfig.behavior.",
			look:    neverSleeps,
		},
		{
			ID: "paused-transfer", Severity: Hint,
			Finds:   "A paused ScaledObject that takes over an HPA.",
			Happens: "KEDA deletes the HPA that it should take over.",
			Do:      "Take it over first, and pause later.",
			look:    pausedTransfer,
		},
		{
			ID: "polled-from-zero", Severity: Hint,
			Finds:   "A polled lagwise trigger of a ScaledObject that goes to zero, with a long pollingInterval.",
			Happens: "The first record waits for up to pollingInterval.",
			Do:      "Say `type: external-push` to wake at once, or a shorter pollingInterval: polls are answered from memory.",
			look:    each(polledFromZero, lagwise),
		},
	}
}

func jobRules() []Rule {
	return []Rule{
		{
			ID: "job-push", Severity: Error,
			Finds:   "A ScaledJob with an external-push trigger.",
			Happens: "KEDA ignores pushes for a ScaledJob, and KEDA 2.21's operator can crash over them.",
			Do:      "Say `type: external` and `pollingInterval: 1`: polls are answered from memory.",
			look:    each(jobPush),
		},
		{
			ID: "job-poll", Severity: Hint,
			Finds:   "A ScaledJob that is polled seldom.",
			Happens: "A record waits for its job for up to pollingInterval.",
			Do:      "Say `pollingInterval: 1`: polls are answered from memory.",
			look:    jobPoll,
		},
		{
			ID: "job-accurate", Severity: Warning,
			Finds:   "A ScaledJob with the strategy accurate that scales on lag.",
			Happens: "It counts no running job, so that a second job starts for records that the first one is working on.",
			Do:      "Leave the strategy out.",
			look:    jobAccurate,
		},
	}
}

func replicaBounds(s subject) []hit {
	low, idle := s.Spec.MinReplicaCount, s.Spec.IdleReplicaCount
	var hits []hit
	if low != nil && int64(*low) > s.maxReplicas() {
		hits = at(s.at("spec", "minReplicaCount"), "minReplicaCount %d is above maxReplicaCount %d", *low, s.maxReplicas())
	}
	least := int32(0)
	if low != nil {
		least = max(1, *low) // a minimum of 0 that is written is 1 to the HPA, and so to KEDA's own check
	}
	if idle != nil && *idle >= least {
		hits = append(hits, at(s.at("spec", "idleReplicaCount"), "idleReplicaCount %d is not below minReplicaCount", *idle)...)
	}
	return hits
}

// idleAboveZero: the HPA rests at 0 replicas alone. One that is not below the minimum is refused.
func idleAboveZero(s subject) []hit {
	low, idle := s.Spec.MinReplicaCount, s.Spec.IdleReplicaCount
	if s.Kind == jobs || idle == nil || low == nil || *idle < 1 || *idle >= *low {
		return nil
	}
	return at(s.at("spec", "idleReplicaCount"), "replicas swing between %d and %d while no trigger is active", *idle, *low)
}

// slow is a poll that people notice, in seconds.
const slow = 5

func jobPush(s subject, t trigger) []hit {
	if s.Kind != jobs || t.Type != typePushed {
		return nil
	}
	return at(t.At("type"), "a ScaledJob cannot be pushed")
}

func jobPoll(s subject) []hit {
	if s.Kind != jobs || s.pollingInterval() <= slow || !s.has(lagwise) {
		return nil
	}
	return at(s.at("spec", "pollingInterval"), "lagwise is asked every %d s", s.pollingInterval())
}

func (s subject) has(wanted owner) bool {
	for _, t := range s.triggers {
		if t.owner == wanted {
			return true
		}
	}
	return false
}

func jobAccurate(s subject) []hit {
	if s.Spec.ScalingStrategy == nil || s.Spec.ScalingStrategy.Strategy != "accurate" {
		return nil
	}
	for _, t := range s.triggers {
		if t.knows(keyThreshold) {
			return at(s.at("spec", "scalingStrategy", "strategy"), "accurate is for queues that forget a message as soon as it is taken")
		}
	}
	return nil
}

func coldStart(s subject) []hit {
	if s.Kind == jobs || !s.sleeps() || s.Spec.InitialCooldownPeriod != nil || !s.canSleep() {
		return nil
	}
	field := "minReplicaCount"
	if s.Spec.IdleReplicaCount != nil {
		field = "idleReplicaCount"
	}
	return at(s.at("spec", field), "initialCooldownPeriod is 0")
}

// canSleep says whether a trigger can tell that there is nothing to do: those of resources cannot.
func (s subject) canSleep() bool {
	return slices.ContainsFunc(s.Triggers, func(t manifest.Trigger) bool { return t.Type != "cpu" && t.Type != "memory" })
}

func fallbackZero(s subject) []hit {
	fallback := s.Spec.Fallback
	if fallback == nil || fallback.Replicas != 0 { // whatever fallback.behavior says
		return nil
	}
	return at(s.at("spec", "fallback", "replicas"), "fallback.replicas is 0")
}

func neverSleeps(s subject) []hit {
	if s.Kind == jobs || s.sleeps() {
		return nil
	}
	for _, t := range s.Triggers {
		if t.UseCachedMetrics {
			return nil
		}
	}
	var hits []hit
	for _, field := range []string{"pollingInterval", "cooldownPeriod"} {
		if place, written := s.At("spec", field); written {
			hits = append(hits, at(place, "%s has no effect while minReplicaCount is %d", field, *s.Spec.MinReplicaCount)...)
		}
	}
	return hits
}

func pausedTransfer(s subject) []hit {
	const paused, transfer = "autoscaling.keda.sh/paused", "scaledobject.keda.sh/transfer-hpa-ownership"
	if s.Annotations[paused] != "true" || s.Annotations[transfer] != "true" {
		return nil
	}
	return at(s.at("metadata", "annotations", paused), "it is paused, and takes over an HPA")
}

func polledFromZero(s subject, t trigger) []hit {
	if s.Kind == jobs || t.Type != typePolled || !s.sleeps() || s.pollingInterval() <= slow {
		return nil
	}
	return at(t.At("type"), "it is polled every %d s", s.pollingInterval())
}
