package lag

import "fmt"

// NoPartitionError says that a trigger's only topic has no partition to count.
type NoPartitionError struct {
	Topic string
	// Limitation is partitionLimitation; empty when the key is not set.
	Limitation Ranges
	// Existing are the partitions that the topic has; empty when it has none.
	Existing Ranges
}

func (e *NoPartitionError) Error() string {
	if len(e.Existing) == 0 {
		return fmt.Sprintf("topic %q has no partition", e.Topic)
	}
	return fmt.Sprintf("partitionLimitation matches no partition of topic %q, which has %s; it is %q",
		e.Topic, e.Existing, e.Limitation)
}

// idsOf expects ids in order and joins neighbours: a topic of 100 partitions reads "0-99".
func idsOf(partitions []Partition) Ranges {
	var ids Ranges
	for _, p := range partitions {
		if n := len(ids); n > 0 && ids[n-1].Last+1 == p.ID {
			ids[n-1].Last = p.ID
			continue
		}
		ids = append(ids, Range{First: p.ID, Last: p.ID})
	}
	return ids
}
