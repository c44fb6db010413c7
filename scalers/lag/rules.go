package lag

import "time"

// Rules are the settings of KEDA's `type: kafka` and `type: apache-kafka` triggers, and lagwise's own, as plain values.
// They are taken as valid: which of them exclude each other is said where keys are read. The zero value of each field
// but Target is the default.
type Rules struct {
	// Target is lagThreshold, in records for each replica; above zero.
	Target int64
	// ActivationThreshold is activationLagThreshold, in records.
	ActivationThreshold int64

	// Topic is the only topic that counts. Empty means a list of topics, or none named: the observation then holds the
	// topics that the group has commits for.
	Topic string
	// TopicList says that the trigger names a list of topics (apache-kafka), even a list of one.
	TopicList bool
	// Partitions is partitionLimitation; empty for every partition.
	Partitions Ranges

	// ResetEarliest is offsetResetPolicy earliest instead of latest.
	ResetEarliest bool
	// ScaleToZeroOnInvalidOffset counts 0 where the group has no committed offset.
	ScaleToZeroOnInvalidOffset bool
	// ClampToLogStart leaves records out that were deleted before they were read.
	ClampToLogStart bool
	// ExcludePersistentLag leaves lag out of the metric while its partition's commit does not move for
	// PersistentLagInterval.
	ExcludePersistentLag  bool
	PersistentLagInterval time.Duration

	// EvenDistribution is ensureEvenDistributionOfPartitions.
	EvenDistribution bool
	// LimitToPartitionsWithLag caps at the partitions with lag instead of at all selected ones.
	LimitToPartitionsWithLag bool
	// AllowIdleConsumers lifts the cap.
	AllowIdleConsumers bool
	// CapRounding says how the cap compares.
	CapRounding Rounding

	// Window is the stretch of time from windowStart to windowEnd; nil for none.
	Window Opening
	// WindowMode and WindowReplicas say what it does.
	WindowMode     WindowMode
	WindowReplicas int64
}

// Policy makes the policy that follows the rules, in KEDA's order (getTotalLag and getLagForPartition in
// pkg/scalers/kafka_scaler.go).
func (r Rules) Policy() Policy {
	return Policy{
		Target:   r.Target,
		Select:   r.selection(),
		Measures: r.measures(),
		Activate: AboveThreshold(r.ActivationThreshold),
		Limits:   r.limits(),
		Gates:    r.gates(),
	}
}

func (r Rules) selection() Select {
	switch {
	case r.TopicList:
		return ListedTopics(r.Partitions)
	case r.Topic != "":
		return OneTopic(r.Topic, r.Partitions)
	default:
		return DiscoveredTopics(r.Partitions)
	}
}

// measures lets ExcludePersistent have the last word: it leaves out what the others counted.
func (r Rules) measures() []Measure {
	measures := []Measure{Committed(), r.withoutCommit()}
	if r.ClampToLogStart {
		measures = append(measures, ClampToLogStart())
	}
	if r.ExcludePersistentLag {
		measures = append(measures, ExcludePersistent(r.PersistentLagInterval))
	}
	return measures
}

// withoutCommit: scaleToZeroOnInvalidOffset wins over either reset policy.
func (r Rules) withoutCommit() Measure {
	switch {
	case r.ScaleToZeroOnInvalidOffset:
		return WithoutCommitZero()
	case r.ResetEarliest:
		return WithoutCommitEarliest()
	default:
		return WithoutCommitLatest()
	}
}

// limits: allowIdleConsumers lifts the cap only when neither of the other two is set. An even distribution never exceeds
// the partitions, so the cap behind it changes nothing; it stays because KEDA has it there.
func (r Rules) limits() []Limit {
	if r.AllowIdleConsumers && !r.LimitToPartitionsWithLag && !r.EvenDistribution {
		return []Limit{Uncapped()}
	}
	var limits []Limit
	if r.EvenDistribution {
		limits = append(limits, EvenDistribution())
	}
	if r.LimitToPartitionsWithLag {
		return append(limits, CapAtPartitionsWithLag(r.CapRounding))
	}
	return append(limits, CapAtPartitions(r.CapRounding))
}

func (r Rules) gates() []Gate {
	if r.Window == nil {
		return nil
	}
	switch r.WindowMode {
	case WindowFloor:
		return []Gate{AtLeastDuring(r.Window, r.WindowReplicas)}
	case WindowCap:
		return []Gate{AtMostDuring(r.Window, r.WindowReplicas)}
	default:
		return []Gate{OnlyDuring(r.Window)}
	}
}
