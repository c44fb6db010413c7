package lag

import (
	"cmp"
	"fmt"
	"slices"
)

// OneTopic selects the partitions of the trigger's only topic, or those that partitionLimitation names. When that leaves
// none it fails with a *NoPartitionError: a limitation that matches nothing, or a topic that has no partition, is a
// mistake and not an empty topic (KEDA: kafka_scaler.go, getTopicPartitions).
func OneTopic(topic string, only Ranges) Select {
	return Select{
		Step:   Step{Name: "select", Key: limitationKey(only, nil)},
		Counts: counts(only, nil),
		Do: func(seen Observation) ([]Partition, Note, error) {
			kept, note := keep(seen, only, nil)
			if len(kept) == 0 {
				return nil, Note{}, &NoPartitionError{Topic: topic, Limitation: only, Existing: idsOf(seen.existing())}
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
		Step:   Step{Name: "select", Key: limitationKey(only, byTopic)},
		Counts: counts(only, byTopic),
		Do: func(seen Observation) ([]Partition, Note, error) {
			kept, note := keep(seen, only, byTopic)
			return kept, note, nil
		},
	}
}

// MatchedTopics selects like ListedTopics from the topics that match the key topicPattern. None at all is an answer: the
// first such topic may be yet to come.
func MatchedTopics(pattern string, only Ranges, byTopic map[string]Ranges) Select {
	return Select{
		Step:   Step{Name: "select", Key: "topicPattern"},
		Counts: counts(only, byTopic),
		Do: func(seen Observation) ([]Partition, Note, error) {
			if len(seen.existing()) == 0 {
				return nil, Note{Text: fmt.Sprintf("topicPattern %q matches no topic: the lag is 0", pattern)}, nil
			}
			kept, note := keep(seen, only, byTopic)
			note.Text = fmt.Sprintf("topicPattern %q matches %s; %s", pattern, several(topicsIn(seen.existing()), "topic"), note.Text)
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
			_, note := keep(seen, nil, nil)
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

// counts is nil when nothing limits the partitions.
func counts(only Ranges, byTopic map[string]Ranges) func(topic string, id int32) bool {
	if len(only) == 0 && len(byTopic) == 0 {
		return nil
	}
	return func(topic string, id int32) bool {
		ranges, own := byTopic[topic]
		if !own {
			ranges = only
		}
		return len(ranges) == 0 || ranges.Contains(id)
	}
}

// keep takes no ranges for every partition, and without any it copies nothing.
func keep(seen Observation, only Ranges, byTopic map[string]Ranges) ([]Partition, Note) {
	all := several(int64(len(seen.Partitions)+len(seen.Excluded)), "partition")
	selects := counts(only, byTopic)
	if selects == nil {
		return seen.Partitions, Note{Text: "every partition counts: " + all}
	}
	kept := make([]Partition, 0, len(seen.Partitions))
	for _, p := range seen.Partitions {
		if selects(p.Topic, p.ID) {
			kept = append(kept, p)
		}
	}
	if len(byTopic) > 0 {
		return kept, Note{Text: fmt.Sprintf("the limitations of %s select %d of %s", several(int64(len(byTopic)), "topic"), len(kept), all)}
	}
	return kept, Note{Text: fmt.Sprintf("partitionLimitation %s selects %d of %s", only, len(kept), all)}
}

// existing are the partitions of the trigger's topics, read or not, in order.
func (o Observation) existing() []Partition {
	if len(o.Excluded) == 0 {
		return o.Partitions
	}
	all := slices.Concat(o.Partitions, o.Excluded)
	slices.SortFunc(all, func(a, b Partition) int { return cmp.Or(cmp.Compare(a.Topic, b.Topic), cmp.Compare(a.ID, b.ID)) })
	return all
}
