package lint

import (
	"fmt"
	"time"

	"github.com/lagwise/lagwise/scalers"
	"github.com/lagwise/lagwise/scalers/lag"
)

// Keys that the rules below speak of. A rule applies to every scaler that has its key.
const (
	keyThreshold   = "lagThreshold"
	keyGroup       = "consumerGroup"
	keyTopic       = "topic"
	keyPattern     = "topicPattern"
	keyPartitions  = "partitionLimitation"
	keyAllowIdle   = "allowIdleConsumers"
	keyConsumers   = "consumersPerReplica"
	keyEven        = "ensureEvenDistributionOfPartitions"
	keyPersistent  = "excludePersistentLag"
	keyDrainWithin = "drainWithin"
	keyTimeLag     = "lagTimeThreshold"

	keyLimitToLagging = "limitToPartitionsWithLag"
	keyLimitBy        = "limitBy"
	partitionsWithLag = "partitionsWithLag"
)

// lagRules are about triggers that scale on lag.
func lagRules() []Rule {
	return []Rule{
		{
			ID: "default-threshold", Severity: Hint,
			Finds:   "No lagThreshold.",
			Happens: "One replica should carry 10 records; KEDA's documentation long said 5.",
			Do:      "Say the lagThreshold that you mean.",
			look:    each(defaultThreshold),
		},
		{
			ID: "all-topics", Severity: Hint,
			Finds:   "A consumerGroup without a topic.",
			Happens: "Every topic counts in which the group has ever committed, also one that it reads no more, whose lag then grows for ever.",
			Do:      "Name the topic.",
			look:    each(allTopics, lagwise),
		},
		{
			ID: "max-above-partitions", Severity: Warning,
			Finds:   "A maxReplicaCount above the number of partitions, where that is known: by partitionLimitation, or by --partitions TOPIC=N.",
			Happens: "Replicas beyond the partitions are never asked for, or have nothing to read.",
			Do:      "Say as many as there are partitions, or add partitions; `allowIdleConsumers: \"true\"` keeps idle ones ready.",
			look:    maxAbovePartitions,
		},
		{
			ID: "persistent-awake", Severity: Warning,
			Finds:   "excludePersistentLag on a workload that should go to zero.",
			Happens: "Lag that stands still asks for no replicas, but keeps the trigger active: it never goes to zero.",
			Do:      "Raise activationLagThreshold above what stands still, or mend the consumer; `onStall: hold` is lagwise's way.",
			look:    each(persistentAwake, lagwise, builtin),
		},
		{
			ID: "drain-shrinks", Severity: Warning,
			Finds:   "A drainWithin that is longer than the HPA's stabilisation window to scale down.",
			Happens: "The HPA takes replicas away before the time is over in which they should get the lag done.",
			Do:      "Set advanced.horizontalPodAutoscalerConfig.behavior.scaleDown.stabilizationWindowSeconds to drainWithin at least.",
			look:    each(drainShrinks, lagwise),
		},
		{
			ID: "drain-capped", Severity: Warning,
			Finds:   "A cap at partitions with lag beside drainWithin.",
			Happens: "A stream whose records are done at once has no lag at most moments: the cap takes away the replicas that keep it so.",
			Do:      "Leave out `limitToPartitionsWithLag` and `limitBy: partitionsWithLag`; drainWithin never asks for more replicas than have work.",
			look:    each(drainCapped, lagwise),
		},
		{
			ID: "above-maximum", Severity: Warning,
			Finds:   "A trigger that asks for more replicas than maxReplicaCount by itself.",
			Happens: "It gets maxReplicaCount.",
			Do:      "Raise maxReplicaCount, or ask for less.",
			look:    each(aboveMaximum, lagwise, builtin),
		},
	}
}

func defaultThreshold(_ subject, t trigger) []hit {
	if !t.knows(keyThreshold) || t.given(keyThreshold) != "" || t.given(keyTimeLag) != "" {
		return nil
	}
	return at(t.Place, "lagThreshold is not given")
}

func (t trigger) namesTopics() bool {
	return t.given(keyTopic) != "" || t.given(keyTopic+fromEnv) != "" || t.given(keyPattern) != ""
}

func allTopics(_ subject, t trigger) []hit {
	if !t.knows(keyTopic) || !t.knows(keyGroup) || t.namesTopics() {
		return nil
	}
	return at(t.at(keyGroup), "the trigger names no topic")
}

// maxAbovePartitions speaks only where all triggers are known to it: another one may have work for more replicas.
func maxAbovePartitions(s subject) []hit {
	most, known := int64(0), len(s.triggers) > 0 && s.Spec.ScalingModifiers == nil
	var by string
	for _, t := range s.triggers {
		useful, text, is := s.useful(t)
		known = known && is
		if useful >= most {
			most, by = useful, text
		}
	}
	if !known || s.maxReplicas() <= most {
		return nil
	}
	return at(s.at("spec", "maxReplicaCount"), "maxReplicaCount %d is more than %d replicas can read: %s", s.maxReplicas(), most, by)
}

// useful is how many replicas have a partition to read.
func (s subject) useful(t trigger) (replicas int64, text string, known bool) {
	if !t.knows(keyPartitions) || t.values.Flag(keyAllowIdle) || t.given(keyTopic) == "" {
		return 0, "", false
	}
	partitions := int64(0)
	if written := t.given(keyPartitions); written != "" {
		ranges, err := lag.ParseRanges(written)
		if err != nil {
			return 0, "", false
		}
		partitions, text = several(ranges), keyPartitions
	} else {
		for _, topic := range t.values.List(keyTopic) {
			if s.Partitions[topic] == 0 {
				return 0, "", false
			}
			partitions += int64(s.Partitions[topic])
		}
		text = keyTopic
	}
	consumers := max(1, t.values.Integer(keyConsumers))
	return (partitions + consumers - 1) / consumers, fmt.Sprintf("%s %s has %d partitions", text, t.given(text), partitions), true
}

// several counts the partitions of ranges, as many as a topic can have.
func several(ranges lag.Ranges) int64 {
	const most = 200_000
	ids := map[int32]bool{}
	for _, r := range ranges {
		for id := r.First; id <= r.Last && len(ids) < most; id++ {
			ids[id] = true
		}
	}
	return int64(len(ids))
}

func persistentAwake(s subject, t trigger) []hit {
	if !t.values.Flag(keyPersistent) || !s.sleeps() || t.given("activationLagThreshold") != "" && t.given("activationLagThreshold") != "0" {
		return nil
	}
	return at(t.at(keyPersistent), "excludePersistentLag does not concern the activation")
}

func drainShrinks(s subject, t trigger) []hit {
	within := t.values.Duration(keyDrainWithin)
	if s.Kind == jobs || within == 0 {
		return nil
	}
	window := 300 * time.Second
	if b := s.Spec.Behavior; b != nil && b.ScaleDown != nil && b.ScaleDown.StabilizationWindowSeconds != nil {
		window = time.Duration(*b.ScaleDown.StabilizationWindowSeconds) * time.Second
	}
	if within <= window {
		return nil
	}
	return at(t.at(keyDrainWithin), "drainWithin is %v, and scaleDown.stabilizationWindowSeconds %d", within, int64(window.Seconds()))
}

func drainCapped(_ subject, t trigger) []hit {
	switch {
	case t.values.Duration(keyDrainWithin) == 0:
		return nil
	case t.values.Flag(keyLimitToLagging):
		return at(t.at(keyLimitToLagging), "limitToPartitionsWithLag caps drainWithin at partitions with lag")
	case t.values.Text(keyLimitBy) == partitionsWithLag:
		return at(t.at(keyLimitBy), "limitBy partitionsWithLag caps drainWithin at partitions with lag")
	default:
		return nil
	}
}

func aboveMaximum(s subject, t trigger) []hit {
	var hits []hit
	for _, name := range []string{"desiredReplicas", "windowReplicas", "holdReplicas"} {
		key, known := find(t.keys, name)
		if replicas := t.values.Integer(name); known && key.Kind == scalers.KindInteger && replicas > s.maxReplicas() {
			hits = append(hits, at(t.at(name), "%s %d is above maxReplicaCount %d", name, replicas, s.maxReplicas())...)
		}
	}
	return hits
}
