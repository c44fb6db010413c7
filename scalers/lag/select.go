package lag

import "fmt"

// OneTopic selects the partitions of the trigger's only topic, or those that partitionLimitation names. When that leaves
// none it fails with a *NoPartitionError: a limitation that matches nothing, or a topic that has no partition, is a
// mistake and not an empty topic (KEDA: kafka_scaler.go, getTopicPartitions).
func OneTopic(topic string, only Ranges) Select {
	return Select{
		Step: Step{Name: "select", Key: limitationKey(only)},
		Do: func(seen Observation) ([]Partition, Note, error) {
			kept, note := keep(seen.Partitions, only)
			if len(kept) == 0 {
				return nil, Note{}, &NoPartitionError{Topic: topic, Limitation: only, Existing: idsOf(seen.Partitions)}
			}
			return kept, note, nil
		},
	}
}

// ListedTopics selects the partitions of every topic in the trigger's list, or those of each that partitionLimitation
// names. A topic in which it matches nothing contributes nothing, and so do all of them (KEDA: apache_kafka_scaler.go,
// getTopicPartitions).
func ListedTopics(only Ranges) Select {
	return Select{
		Step: Step{Name: "select", Key: limitationKey(only)},
		Do: func(seen Observation) ([]Partition, Note, error) {
			kept, note := keep(seen.Partitions, only)
			return kept, note, nil
		},
	}
}

// DiscoveredTopics selects every partition of the topics that the group has commits for. None at all is an answer: a
// group that has committed nothing has no lag. A partitionLimitation speaks of one topic's partitions and is ignored,
// as KEDA ignores it (Validate in both scalers).
func DiscoveredTopics(ignored Ranges) Select {
	return Select{
		Step: Step{Name: "select"},
		Do: func(seen Observation) ([]Partition, Note, error) {
			_, note := keep(seen.Partitions, nil)
			if len(seen.Partitions) == 0 {
				note.Text = "the group has committed offsets in no topic: the lag is 0"
			}
			if len(ignored) > 0 {
				note.Text += "; partitionLimitation is ignored because the trigger names no topic"
			}
			return seen.Partitions, note, nil
		},
	}
}

func limitationKey(only Ranges) string {
	if len(only) == 0 {
		return ""
	}
	return "partitionLimitation"
}

// keep takes no ranges for every partition and then copies nothing.
func keep(partitions []Partition, only Ranges) ([]Partition, Note) {
	all := several(int64(len(partitions)), "partition")
	if len(only) == 0 {
		return partitions, Note{Text: "every partition counts: " + all}
	}
	kept := make([]Partition, 0, len(partitions))
	for _, p := range partitions {
		if only.Contains(p.ID) {
			kept = append(kept, p)
		}
	}
	return kept, Note{Text: fmt.Sprintf("partitionLimitation %s selects %d of %s", only, len(kept), all)}
}
