package lag

import "fmt"

// EvenDistribution raises the value to as many consumers as share the partitions evenly (key
// ensureEvenDistributionOfPartitions): the smallest divisor of the partitions that carries the lag at the target, or one
// consumer for each partition when none does (KEDA: kafka_scaler.go,
// getNextFactorThatBalancesConsumersToTopicPartitions). Zero and negative lag report one consumer's worth, not 0, as in
// KEDA; no partitions report 0. A product above int64 saturates.
func EvenDistribution() Limit {
	return Limit{Step: Step{Name: "even", Key: "ensureEvenDistributionOfPartitions"}, Do: distributeEvenly}
}

func distributeEvenly(_ View, t Total) (int64, Note) {
	consumers := dividing(t.Partitions, divideUp(t.Value, t.Target))
	value := times(consumers, t.Target)
	if value == t.Value {
		return value, Note{}
	}
	return value, Note{Text: fmt.Sprintf("%s for an even share of %s: lag %d becomes %d",
		several(consumers, "consumer"), several(t.Partitions, "partition"), t.Value, value)}
}

// dividing is the smallest divisor of n that is not below least; n itself, even 0, when there is none.
func dividing(n, least int64) int64 {
	for f := max(1, least); f < n; f++ {
		if n%f == 0 {
			return f
		}
	}
	return n
}

// divideUp rounds towards the next whole number above. The quotient cannot overflow: it only rises when by is 2 or more.
func divideUp(n, by int64) int64 {
	quotient := n / by
	if n%by > 0 {
		quotient++
	}
	return quotient
}
