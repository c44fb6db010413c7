package kafka

import (
	"github.com/lagwise/lagwise/scalers"
	"github.com/lagwise/lagwise/scalers/lag"
)

const (
	keyAggregate      = "aggregate"
	keyAllowIdle      = "allowIdleConsumers"
	keyLimitToLagging = "limitToPartitionsWithLag"
	keyEven           = "ensureEvenDistributionOfPartitions"
	keyEvenShares     = "evenShares"
	keyLimitBy        = "limitBy"
	keyConsumers      = "consumersPerReplica"
	keyCapRounding    = "capRounding"

	aggregateSum, aggregateMax = "sum", "max"
	byPartitions, byLagging    = "partitions", "partitionsWithLag"
	roundDown, roundUp         = "floor", "ceil"
)

// limitKeys make one number of the partitions' lags, and bound the number of replicas that it asks for.
func limitKeys() scalers.KeyTable {
	return scalers.KeyTable{
		{
			Name: keyAggregate, Kind: scalers.KindChoice, Origin: scalers.Own, Default: aggregateSum, Choices: []string{aggregateSum, aggregateMax},
			Help: "sum: the metric is all lag together. max: it is the lag of the partition that lags most.",
		},
		{
			Name: keyAllowIdle, Kind: scalers.KindFlag, Origin: scalers.FromKEDA, Default: "false", Excludes: []string{keyLimitToLagging},
			Help: "Allow more replicas than partitions.",
		},
		{
			Name: keyLimitToLagging, Kind: scalers.KindFlag, Origin: scalers.FromKEDA, Default: "false",
			Help: "No more replicas than partitions that have lag. Needs topic.",
		},
		{
			Name: keyEven, Kind: scalers.KindFlag, Origin: scalers.FromKEDA, Default: "false", Excludes: []string{keyLimitToLagging},
			Help: "Only replica counts that divide the number of partitions. Needs topic.",
		},
		{
			Name: keyEvenShares, Kind: scalers.KindFlag, Origin: scalers.Own, Default: "false",
			Excludes: []string{keyAllowIdle, keyLimitToLagging, keyEven, keyLimitBy, keyCapRounding},
			Help:     "Only replica counts at which the busiest consumer has fewer partitions than with one replica less: of 7 partitions 1, 2, 3, 4 and 7. Needs topic.",
		},
		{
			Name: keyLimitBy, Kind: scalers.KindChoice, Origin: scalers.Own, Choices: []string{byPartitions, byLagging},
			Excludes: []string{keyAllowIdle, keyLimitToLagging, keyEven, keyCapRounding},
			Help:     "Never more replicas than have a partition, or a partition with lag, to read; counted as the HPA counts, and without topic as well.",
		},
		{
			Name: keyConsumers, Kind: scalers.KindInteger, Origin: scalers.Own, Default: "1", Bounds: upToAllReplicas(),
			Excludes: []string{keyAllowIdle, keyEven, keyCapRounding},
			Help:     "Consumers of the group that run in one replica, such as threads: the cap is then partitions / consumersPerReplica, rounded up.",
		},
		{
			Name: keyCapRounding, Kind: scalers.KindChoice, Origin: scalers.Own, Default: roundDown, Choices: []string{roundDown, roundUp},
			Help: "floor caps as KEDA does, which lets 29 lag at threshold 5 on 5 partitions ask for 6 replicas; ceil never asks for more replicas than partitions.",
		},
	}
}

// addLimits puts these keys into the rules.
func addLimits(rules *lag.Rules, values scalers.Values) {
	rules.AggregateMax = values.Text(keyAggregate) == aggregateMax
	rules.AllowIdleConsumers = values.Flag(keyAllowIdle)
	rules.LimitToPartitionsWithLag = values.Flag(keyLimitToLagging)
	rules.EvenDistribution = values.Flag(keyEven)
	rules.EvenShares = values.Flag(keyEvenShares)
	switch values.Text(keyLimitBy) {
	case byPartitions:
		rules.LimitBy = lag.LimitByPartitions
	case byLagging:
		rules.LimitBy = lag.LimitByPartitionsWithLag
	}
	if values.Given(keyConsumers) {
		rules.ConsumersPerReplica = values.Integer(keyConsumers)
	}
	if values.Text(keyCapRounding) == roundUp {
		rules.CapRounding = lag.RoundUp
	}
}
