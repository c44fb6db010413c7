package parity_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"
)

// emptyTopics makes topics with 1 to 12 partitions each.
func (s *stage) emptyTopics(ctx context.Context, r *rand.Rand, n int) ([]*topic, error) {
	topics := make([]*topic, n)
	for i := range topics {
		topics[i] = &topic{name: s.name(oneOf(r, "orders", "pay.ments", "Clicks_eu")), logs: make([]log, 1+r.IntN(12))}
	}
	return topics, s.kafka.create(ctx, topics...)
}

// disturb appends to some of the topic's logs, and deletes from some.
func (s *stage) disturb(ctx context.Context, r *rand.Rand, topic *topic) error {
	counts, starts := make([]int64, len(topic.logs)), make([]int64, len(topic.logs))
	for id := range topic.logs {
		counts[id] = oneOf(r, 0, 0, 1, r.Int64N(8), r.Int64N(60), r.Int64N(300))
	}
	if err := s.kafka.produce(topic, counts...); err != nil {
		return err
	}
	for id, log := range topic.logs {
		starts[id] = oneOf(r, log.start, log.start, log.start, between(r, log.start, log.end), log.end)
	}
	return s.kafka.deleteBefore(ctx, topic, starts...)
}

// randomCommits are commits in none, some or all of the topic's partitions.
func randomCommits(r *rand.Rand, topic *topic) []kafka.TopicPartition {
	share := oneOf(r, 0, 0.5, 0.8, 1, 1)
	var commits []kafka.TopicPartition
	for id, log := range topic.logs {
		if r.Float64() < share {
			commits = append(commits, topic.at(id, randomOffset(r, log)))
		}
	}
	return commits
}

// randomOffset lies in the log, mostly; or among deleted records, or past the end, where a topic that was deleted and
// made again leaves commits behind.
func randomOffset(r *rand.Rand, log log) int64 {
	return oneOf(r,
		0, log.start, log.end, log.end,
		between(r, log.start, log.end), between(r, log.start, log.end), max(log.start, log.end-r.Int64N(5)),
		between(r, 0, log.start), log.end+r.Int64N(20), log.end+1_000_000)
}

func between(r *rand.Rand, low, high int64) int64 { return low + r.Int64N(high-low+1) }

func oneOf[T any](r *rand.Rand, choices ...T) T { return choices[r.IntN(len(choices))] }

// anyCommitted makes sure of at least one commit.
func anyCommitted(r *rand.Rand, topic *topic) []kafka.TopicPartition {
	if commits := randomCommits(r, topic); len(commits) > 0 {
		return commits
	}
	id := r.IntN(len(topic.logs))
	return []kafka.TopicPartition{topic.at(id, randomOffset(r, topic.logs[id]))}
}

// describe shows a state beside a mismatch.
func describe(topics []*topic, group string, commits []kafka.TopicPartition) string {
	var text strings.Builder
	for _, topic := range topics {
		fmt.Fprintf(&text, "\n  topic %v", topic)
	}
	fmt.Fprintf(&text, "\n  group %q", group)
	for _, commit := range commits {
		fmt.Fprintf(&text, " %s/%d=%d", *commit.Topic, commit.Partition, commit.Offset)
	}
	return text.String()
}

func newTopic(name string, partitions int) *topic {
	return &topic{name: name, logs: make([]log, partitions)}
}

// commitAll gives each partition its offset.
func commitAll(topic *topic, offsets ...int64) []kafka.TopicPartition {
	commits := make([]kafka.TopicPartition, len(offsets))
	for id, offset := range offsets {
		commits[id] = topic.at(id, offset)
	}
	return commits
}
