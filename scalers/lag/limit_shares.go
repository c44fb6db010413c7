package lag

import "fmt"

// EvenShares raises the value to a number of replicas at which the busiest consumer has fewer partitions than with one
// replica less (key evenShares): 1, 2, 3, 4, 5 or 10 replicas for 10 partitions, because six to nine leave two partitions to
// somebody, as five do. KEDA's ensureEvenDistributionOfPartitions knows 1, 2, 5 and 10 only, and of seven partitions 1 and 7.
// There are never more replicas than have a partition for one of their consumers, of which each replica runs so many (key
// consumersPerReplica). No lag stays no lag.
func EvenShares(consumers int64) Limit {
	return Limit{Step: Step{Name: "shares", Key: "evenShares"}, Do: func(_ View, t Total) (int64, Note) {
		if t.Value <= 0 || t.Partitions == 0 {
			return min(t.Value, 0), Note{}
		}
		wanted := divideUp(t.Value, t.Target)
		replicas := nextShare(t.Partitions, consumers, wanted)
		value := times(replicas, t.Target)
		return value, Note{Text: fmt.Sprintf("lag %d is work for %s; %s leave at most %s to a consumer: %d",
			t.Value, several(wanted, "replica"), several(replicas, "replica"),
			several(largestShare(t.Partitions, consumers, replicas), "partition"), value)}
	}}
}

// nextShare is the smallest number of replicas from wanted on that has a largest share of its own.
func nextShare(partitions, consumers, wanted int64) int64 {
	if most := divideUp(partitions, consumers); wanted >= most {
		return most
	}
	share := largestShare(partitions, consumers, wanted)
	if fewest := fewestFor(partitions, consumers, share); fewest == wanted {
		return wanted
	}
	return fewestFor(partitions, consumers, share-1)
}

// largestShare is how many partitions the busiest of all consumers has.
func largestShare(partitions, consumers, replicas int64) int64 {
	return divideUp(partitions, times(replicas, consumers))
}

// fewestFor is the smallest number of replicas that leaves nobody more than share partitions.
func fewestFor(partitions, consumers, share int64) int64 {
	return divideUp(partitions, times(share, consumers))
}
