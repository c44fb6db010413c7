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
	// NewRecordsWithin makes new records activate as well as lag does; 0 when only lag does (activateOn).
	NewRecordsWithin time.Duration
	// ActivationAge activates only when lag is older; 0 for not at all (activationLagTimeThreshold).
	ActivationAge time.Duration
	// SustainedFor is how long lag must have been above the threshold to activate; 0 for no time (sustainedFor).
	SustainedFor time.Duration

	// Topic is the only topic that counts. Empty means a list of topics, or none named: the observation then holds the
	// topics that the group has commits for.
	Topic string
	// TopicList says that the trigger names a list of topics (apache-kafka), even a list of one.
	TopicList bool
	// Pattern is topicPattern: the observation holds the topics that it matches.
	Pattern string
	// Partitions is partitionLimitation; empty for every partition. PartitionsByTopic stands in for it where it names a topic.
	Partitions        Ranges
	PartitionsByTopic map[string]Ranges
	// TargetByTopic is lagThresholdByTopic, in records for each replica.
	TargetByTopic map[string]int64

	// ResetEarliest is offsetResetPolicy earliest instead of latest.
	ResetEarliest bool
	// ScaleToZeroOnInvalidOffset counts 0 where the group has no committed offset.
	ScaleToZeroOnInvalidOffset bool
	// ClampToLogStart counts commits that are not in the log from where a consumer finds records.
	ClampToLogStart bool
	// ReadCommitted counts up to the last stable offset (isolationLevel).
	ReadCommitted bool
	// IgnorePhantomLag leaves offsets out that hold no record.
	IgnorePhantomLag bool
	// ExcludePersistentLag leaves lag out of the metric while its partition's commit does not move for
	// PersistentLagInterval.
	ExcludePersistentLag  bool
	PersistentLagInterval time.Duration

	// AggregateMax makes the metric of the largest partition's lag instead of the sum.
	AggregateMax bool
	// Age makes the metric of the oldest waiting record's age: one replica for each of it (lagTimeThreshold); 0 for not at all.
	// AgeBesideLag lets the lag count as well, where it asks for more.
	Age          time.Duration
	AgeBesideLag bool
	// Drain makes the metric of the time in which the lag shall be gone; without Within it does not.
	Drain Drain

	// StallAfter is how long commits stand still before that is told of (onStall); 0 for never. HoldStalled adds no replicas then.
	StallAfter  time.Duration
	HoldStalled bool

	// EvenDistribution is ensureEvenDistributionOfPartitions.
	EvenDistribution bool
	// LimitToPartitionsWithLag caps at the partitions with lag instead of at all selected ones.
	LimitToPartitionsWithLag bool
	// AllowIdleConsumers lifts the cap.
	AllowIdleConsumers bool
	// CapRounding says how the cap compares.
	CapRounding Rounding
	// EvenShares allows only replicas at which the largest share of partitions falls.
	EvenShares bool
	// LimitBy caps at all selected partitions or at those with lag, and rounds as the HPA does.
	LimitBy LimitBy
	// ConsumersPerReplica is how many consumers one replica runs; 0 when the key is not set, which is as good as one. Where
	// it is set, the cap rounds as the HPA does.
	ConsumersPerReplica int64

	// QuietPeriod and HoldReplicas keep replicas running after the last record or commit; no period for not at all.
	QuietPeriod  time.Duration
	HoldReplicas int64
	// MinActive stays active for that long from each record or commit; 0 for not at all.
	MinActive time.Duration
	// CommitsStill stays active until commits have stood still for that long (holdUntilCommitsStop); 0 for not at all.
	CommitsStill time.Duration

	// Window is the stretch of time from windowStart to windowEnd; nil for none.
	Window Opening
	// WindowMode and WindowReplicas say what it does.
	WindowMode     WindowMode
	WindowReplicas int64
}

// LimitBy is the key limitBy.
type LimitBy int

const (
	// LimitAsKEDA is limitBy not set.
	LimitAsKEDA LimitBy = iota
	// LimitByPartitions is one consumer for each selected partition.
	LimitByPartitions
	// LimitByPartitionsWithLag is one consumer for each partition that has lag.
	LimitByPartitionsWithLag
)

// Policy makes the policy that follows the rules, in KEDA's order (getTotalLag and getLagForPartition in
// pkg/scalers/kafka_scaler.go).
func (r Rules) Policy() *Policy {
	return &Policy{
		Target:    r.Target,
		Select:    r.selection(),
		Measures:  r.measures(),
		Activate:  r.activate(),
		Aggregate: r.aggregate(),
		Limits:    r.limits(),
		Stall:     r.stall(),
		Gates:     r.gates(),
	}
}

func (r Rules) selection() Select {
	switch {
	case r.Pattern != "":
		return MatchedTopics(r.Pattern, r.Partitions, r.PartitionsByTopic)
	case r.TopicList:
		return ListedTopics(r.Partitions, r.PartitionsByTopic)
	case r.Topic != "":
		return OneTopic(r.Topic, r.Partitions)
	default:
		return DiscoveredTopics(r.Partitions)
	}
}

// measures lets ExcludePersistent have the last word: it leaves out what the others counted.
func (r Rules) measures() []Measure {
	committed := Committed
	if r.ReadCommitted {
		committed = ReadCommitted
	}
	measures := []Measure{committed(), r.withoutCommit()}
	if clamp := r.clamp(); clamp != nil {
		measures = append(measures, clamp.measure())
	} else {
		measures = append(measures, WarnPastEnd())
	}
	if r.IgnorePhantomLag {
		measures = append(measures, IgnorePhantom())
	}
	if r.ExcludePersistentLag {
		measures = append(measures, ExcludePersistent(r.PersistentLagInterval))
	}
	return measures
}

func (r Rules) clamp() *Clamp {
	if !r.ClampToLogStart {
		return nil
	}
	return &Clamp{ResetEarliest: r.ResetEarliest}
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

func (r Rules) activate() Activate {
	if r.NewRecordsWithin > 0 {
		return OnNewRecords(r.ActivationThreshold, r.NewRecordsWithin)
	}
	if r.ActivationAge > 0 {
		return OlderThan(r.ActivationAge, r.withoutCommit().Needs.and(r.clamp().needs()))
	}
	if r.SustainedFor > 0 {
		return WhenSustained(r.ActivationThreshold, r.SustainedFor, r.clamp())
	}
	return AboveThreshold(r.ActivationThreshold)
}

func (r Rules) aggregate() Aggregate {
	switch {
	case r.Drain.Within > 0:
		if r.Drain.PerReplica == 0 {
			return DrainAtPace(r.Drain, max(1, r.ConsumersPerReplica))
		}
		return DrainInTime(r.Drain, max(1, r.ConsumersPerReplica))
	case r.Age > 0:
		return ByAge(r.Age, r.AgeBesideLag)
	case r.AggregateMax:
		return Max()
	case len(r.TargetByTopic) > 0:
		return SumByTopic(r.TargetByTopic)
	default:
		return Sum()
	}
}

// limits: allowIdleConsumers lifts the cap only when neither of KEDA's other two is set. An even distribution never exceeds
// the partitions, so the cap behind it changes nothing; it stays because KEDA has it there.
func (r Rules) limits() []Limit {
	switch {
	case r.EvenShares:
		return []Limit{EvenShares(max(1, r.ConsumersPerReplica))}
	case r.AllowIdleConsumers && !r.LimitToPartitionsWithLag && !r.EvenDistribution:
		return []Limit{Uncapped()}
	}
	var limits []Limit
	if r.EvenDistribution {
		limits = append(limits, EvenDistribution())
	}
	return append(limits, r.cap())
}

func (r Rules) cap() Limit {
	c := Cap{Rounding: r.CapRounding, Consumers: max(1, r.ConsumersPerReplica)}
	switch {
	case r.LimitBy != LimitAsKEDA:
		c.Key, c.Rounding = "limitBy", RoundUp
	case r.LimitToPartitionsWithLag:
		c.Key = "limitToPartitionsWithLag"
	case r.CapRounding == RoundUp:
		c.Key = "capRounding"
	}
	if r.ConsumersPerReplica > 0 {
		c.Rounding = RoundUp
		if c.Key == "" {
			c.Key = "consumersPerReplica"
		}
	}
	if r.LimitToPartitionsWithLag || r.LimitBy == LimitByPartitionsWithLag {
		return CapAtPartitionsWithLag(c)
	}
	return CapAtPartitions(c)
}

func (r Rules) stall() Stall {
	switch {
	case r.StallAfter == 0:
		return Stall{}
	case r.HoldStalled:
		return HoldStalled(r.StallAfter, max(1, r.ConsumersPerReplica))
	default:
		return ReportStalled(r.StallAfter)
	}
}

// gates let the window have the last word: outside of it nobody is held.
func (r Rules) gates() []Gate {
	var gates []Gate
	consumers := max(1, r.ConsumersPerReplica)
	if r.QuietPeriod > 0 {
		gates = append(gates, HoldUntilQuiet(r.QuietPeriod, r.HoldReplicas, consumers))
	}
	if r.MinActive > 0 {
		gates = append(gates, StayActive(r.MinActive))
	}
	if r.CommitsStill > 0 {
		gates = append(gates, HoldUntilCommitsStop(r.CommitsStill))
	}
	switch {
	case r.Drain.Within > 0:
		gates = append(gates, DrainPastTolerance(r.Drain, consumers))
		if r.staysActive() {
			gates = append(gates, ActiveWhileRecordsCome(r.Drain.Within))
		}
	case r.Age > 0:
		gates = append(gates, AgePastTolerance(consumers))
	}
	if r.Window == nil {
		return gates
	}
	switch r.WindowMode {
	case WindowFloor:
		return append(gates, AtLeastDuring(r.Window, r.WindowReplicas, consumers))
	case WindowCap:
		return append(gates, AtMostDuring(r.Window, r.WindowReplicas))
	default:
		return append(gates, OnlyDuring(r.Window))
	}
}

// staysActive says that drainWithin keeps the trigger active while records come. Where another rule says what is work, as a threshold
// does, it is that rule's.
func (r Rules) staysActive() bool {
	return r.ActivationThreshold == 0 && r.ActivationAge == 0 && r.SustainedFor == 0
}
