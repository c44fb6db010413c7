package lag_test

import (
	"errors"
	"math"
	"math/big"
	"time"

	"github.com/lagwise/lagwise/scalers/lag"
)

// keda is a second implementation to check Decide against: KEDA 2.21's kafka_scaler.go and apache_kafka_scaler.go,
// carried over function by function with their names, maps and order, and deliberately without a thought for speed or
// words. Only products are made wider, because KEDA's wrap around where lagwise saturates. It knows nothing of
// clampToLogStart and capRounding, which KEDA does not have.
type keda struct {
	rules           lag.Rules
	previousOffsets map[string]map[int32]int64
}

var errNoActivePartition = errors.New("expected at least one active partition within the topic")

func newKEDA(rules lag.Rules, view lag.View) keda {
	k := keda{rules: rules, previousOffsets: map[string]map[int32]int64{}}
	previous := k.previousEvaluation(view)
	for _, p := range previous.Partitions {
		if p.HasCommitted {
			if k.previousOffsets[p.Topic] == nil {
				k.previousOffsets[p.Topic] = map[int32]int64{}
			}
			k.previousOffsets[p.Topic][p.ID] = p.Committed
		}
	}
	return k
}

// previousEvaluation is lagwise's definition of what KEDA calls the previous polling cycle.
func (k keda) previousEvaluation(view lag.View) lag.Observation {
	newest := lag.Observation{At: time.Time{}}
	for _, seen := range view.History {
		if view.Latest.At.Sub(seen.At) >= k.rules.PersistentLagInterval && seen.At.After(newest.At) {
			newest = seen
		}
	}
	return newest
}

func (k keda) getMetricsAndActivity(view lag.View) (int64, bool, error) {
	totalLag, totalLagWithPersistent, err := k.getTotalLag(view)
	if err != nil {
		return 0, false, err
	}
	if totalLag < 0 {
		totalLag = 0
	}
	return totalLag, totalLagWithPersistent > k.rules.ActivationThreshold, nil
}

func (k keda) getTopicPartitions(view lag.View) ([]lag.Partition, error) {
	var partitionLimitation map[int32]bool
	if len(k.rules.Partitions) > 0 && (k.rules.Topic != "" || k.rules.TopicList) {
		partitionLimitation = map[int32]bool{}
		for _, r := range k.rules.Partitions {
			for id := r.First; id <= r.Last; id++ {
				partitionLimitation[id] = true
			}
		}
	}
	var partitions []lag.Partition
	for _, p := range view.Latest.Partitions {
		if partitionLimitation == nil || partitionLimitation[p.ID] {
			partitions = append(partitions, p)
		}
	}
	if k.rules.Topic != "" && !k.rules.TopicList && len(partitions) == 0 {
		return nil, errNoActivePartition
	}
	return partitions, nil
}

func (k keda) getLagForPartition(p lag.Partition) (int64, int64) {
	if !p.HasCommitted {
		if !k.rules.ResetEarliest {
			retVal := int64(1)
			if k.rules.ScaleToZeroOnInvalidOffset {
				retVal = 0
			}
			return retVal, retVal
		}
		if k.rules.ScaleToZeroOnInvalidOffset {
			return 0, 0
		}
	}
	latestOffset := p.End
	if !p.HasCommitted && k.rules.ResetEarliest {
		if !p.HasStart {
			return latestOffset, latestOffset
		}
		retained := max(0, latestOffset-p.Start)
		return retained, retained
	}
	if k.rules.ExcludePersistentLag {
		previousOffset, found := k.previousOffsets[p.Topic][p.ID]
		if found && previousOffset == p.Committed {
			return 0, latestOffset - p.Committed
		}
	}
	return latestOffset - p.Committed, latestOffset - p.Committed
}

func (k keda) getTotalLag(view lag.View) (int64, int64, error) {
	partitions, err := k.getTopicPartitions(view)
	if err != nil {
		return 0, 0, err
	}
	totalLag := int64(0)
	totalLagWithPersistent := int64(0)
	partitionsWithLag := int64(0)
	for _, p := range partitions {
		partitionLag, partitionLagWithPersistent := k.getLagForPartition(p)
		totalLag += partitionLag
		totalLagWithPersistent += partitionLagWithPersistent
		if partitionLag > 0 {
			partitionsWithLag++
		}
	}
	totalTopicPartitions := int64(len(partitions))

	if !k.rules.AllowIdleConsumers || k.rules.LimitToPartitionsWithLag || k.rules.EvenDistribution {
		upperBound := totalTopicPartitions
		if k.rules.EvenDistribution {
			nextFactor := getNextFactor(totalLag, totalTopicPartitions, k.rules.Target)
			totalLag = narrow(product(nextFactor, k.rules.Target))
		}
		if k.rules.LimitToPartitionsWithLag {
			upperBound = partitionsWithLag
		}
		if totalLag/k.rules.Target > upperBound {
			totalLag = narrow(product(upperBound, k.rules.Target))
		}
	}
	return totalLag, totalLagWithPersistent, nil
}

func getNextFactor(totalLag, totalTopicPartitions, lagThreshold int64) int64 {
	for factor := int64(1); factor <= totalTopicPartitions; factor++ {
		if totalTopicPartitions%factor == 0 && product(factor, lagThreshold).Cmp(big.NewInt(totalLag)) >= 0 {
			return factor
		}
	}
	return totalTopicPartitions
}

func product(a, b int64) *big.Int { return new(big.Int).Mul(big.NewInt(a), big.NewInt(b)) }

func narrow(n *big.Int) int64 {
	if n.IsInt64() {
		return n.Int64()
	}
	return math.MaxInt64
}
