package lag

import "fmt"

// OneTopic selects the partitions of the trigger's only topic, or those that partitionLimitation names. When that leaves
// none it fails with a *NoPartitionError: a limitation that matches nothing, or a topic that has no partition, is a
// mistake and not an empty topic (KEDA: kafka_scaler.go, getTopicPartitions).
func OneTopic(topic string, only Ranges) Select {
	return Select{
		Step: Step{Name: "select", Key: limitationKey(only, nil)},
		Do: func(seen Observation) ([]Partition, Note, error) {
			kept, note := keep(seen.Partitions, only, nil)
			if len(kept) == 0 {
				return nil, Note{}, &NoPartitionError{Topic: topic, Limitation: only, Existing: idsOf(seen.Partitions)}
			}
			return kept, note, nil
		},
	}
}

// ListedTopics selects the partitions of every topic in the trigger's list, or those of each that partitionLimitation
// names. A topic in which it matches nothing contributes nothing, and so do all of them (KEDA: apache_kafka_scaler.go,
// getTopicPartitions). byTopic has another limitation for some topics (key partitionLimitationByTopic).
func ListedTopics(only Ranges, byTopic map[string]Ranges) Select {
	return Select{
		Step: Step{Name: "select", Key: limitationKey(only, byTopic)},
		Do: func(seen Observation) ([]Partition, Note, error) {
			kept, note := keep(seen.Partitions, only, byTopic)
			return kept, note, nil
		},
	}
}

// MatchedTopics selects like ListedTopics from the topics that match the key topicPattern. None at all is an answer: the
// first such topic may be yet to come.
func MatchedTopics(pattern string, only Ranges, byTopic map[string]Ranges) Select {
	return Select{
		Step: Step{Name: "select", Key: "topicPattern"},
		Do: func(seen Observation) ([]Partition, Note, error) {
			if len(seen.Partitions) == 0 {
				return nil, Note{Text: fmt.Sprintf("topicPattern %q matches no topic: the lag is 0", pattern)}, nil
			}
			kept, note := keep(seen.Partitions, only, byTopic)
			note.Text = fmt.Sprintf("topicPattern %q matches %s; %s", pattern, several(topicsIn(seen.Partitions), "topic"), note.Text)
			return kept, note, nil
		},
	}
}

// topicsIn expects partitions in order.
func topicsIn(partitions []Partition) (n int64) {
	for i, p := range partitions {
		if i == 0 || partitions[i-1].Topic != p.Topic {
			n++
		}
	}
	return n
}

// DiscoveredTopics selects every partition of the topics that the group has commits for. None at all is an answer: a
// group that has committed nothing has no lag. A partitionLimitation speaks of one topic's partitions and is ignored,
// as KEDA ignores it (Validate in both scalers).
func DiscoveredTopics(ignored Ranges) Select {
	return Select{
		Step: Step{Name: "select"},
		Do: func(seen Observation) ([]Partition, Note, error) {
			_, note := keep(seen.Partitions, nil, nil)
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

func limitationKey(only Ranges, byTopic map[string]Ranges) string {
	switch {
	case len(byTopic) > 0:
		return "partitionLimitationByTopic"
	case len(only) > 0:
		return "partitionLimitation"
	default:
		return ""
	}
}

// keep takes no ranges for every partition, and without any it copies nothing.
func keep(partitions []Partition, only Ranges, byTopic map[string]Ranges) ([]Partition, Note) {
	all := several(int64(len(partitions)), "partition")
	if len(only) == 0 && len(byTopic) == 0 {
		return partitions, Note{Text: "every partition counts: " + all}
	}
	kept := make([]Partition, 0, len(partitions))
	for _, p := range partitions {
		ranges, own := byTopic[p.Topic]
		if !own {
			ranges = only
		}
		if len(ranges) == 0 || ranges.Contains(p.ID) {
			kept = append(kept, p)
		}
	}
	if len(byTopic) > 0 {
		return kept, Note{Text: fmt.Sprintf("the limitations of %s select %d of %s", several(int64(len(byTopic)), "topic"), len(kept), all)}
	}
	return kept, Note{Text: fmt.Sprintf("partitionLimitation %s selects %d of %s", only, len(kept), all)}
}
