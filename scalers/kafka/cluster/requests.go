package cluster

import (
	"context"
	"time"
)

// partition names one partition. It can be a map's key.
type partition struct {
	topic string
	id    int32
}

// topicState is what a cluster reports about one topic.
type topicState struct {
	partitions []int32
	// unreadable reports that this identity may not fetch the topic's records (no READ); false where the broker does not report it.
	unreadable bool
	err        error
}

// offsetState is the answer to one partition's ListOffsets.
type offsetState struct {
	offset int64
	// found is false when a partition has no record at or after the time that was asked for. It is true for the ends of the log.
	found bool
	// timestamp is that of the record that was found by time.
	timestamp time.Time
	err       error
}

// commitState is a group's position in one partition.
type commitState struct {
	offset    int64
	committed bool
	err       error
}

// groupCommits is the answer to one group's OffsetFetch. err concerns the group as a whole.
type groupCommits struct {
	commits map[partition]commitState
	err     error
}

// groupState lists the members of a group and the partitions that each of them is assigned, by member id. told is false where
// the broker cannot answer.
type groupState struct {
	told    bool
	members map[string][]partition
	err     error
}

// offsetSpec says which offset of a partition ListOffsets asks for.
type offsetSpec struct {
	kind offsetKind
	// at is the time of byTime, in milliseconds since 1970.
	at int64
}

type offsetKind int

const (
	logEnd offsetKind = iota
	logStart
	// stableEnd is the last stable offset: where the first transaction begins that is still open, or the log ends.
	stableEnd
	// byTime is the first record whose timestamp is not before a time.
	byTime
)

// client is what a session asks of Kafka. No request creates a topic, joins a group or commits. Where different brokers answer
// for different items, the items of one broker never wait for another broker: each broker's answer is handed to answered when it
// arrives, from any goroutine, and every item is answered exactly once, with its own error if need be, before the method returns.
type client interface {
	topicDescriber
	offsetLister
	offsetFetcher
	groupDescriber
	connected
}

// connected is what a client has beside its questions.
type connected interface {
	// throttled returns why answers are late, where a broker's quota holds requests back; nil elsewhere.
	throttled(now time.Time) error
	// brokers is how many brokers the cluster has, as far as it is known.
	brokers() int
	close()
}

// topicDescriber asks any broker (Kafka: Metadata).
type topicDescriber interface {
	// describeTopics returns the partitions of topics; a topic that is missing from the answer is unknown.
	describeTopics(ctx context.Context, topics []string) (map[string]topicState, error)
	// listTopics returns the names of all topics.
	listTopics(ctx context.Context) ([]string, error)
	// ping reports whether any broker answers.
	ping(ctx context.Context) error
}

// offsetLister asks the leader of each partition (Kafka: ListOffsets).
type offsetLister interface {
	listOffsets(ctx context.Context, spec offsetSpec, partitions []partition, answered func(map[partition]offsetState))
}

// offsetFetcher asks the coordinator of each group (Kafka: OffsetFetch): for the partitions of each group, or for all of the
// group's commits where a group has no partitions.
type offsetFetcher interface {
	fetchOffsets(ctx context.Context, groups map[string][]partition, answered func(map[string]groupCommits))
}

// groupDescriber asks the coordinator of each group.
type groupDescriber interface {
	// describeGroups reports the members of groups of either protocol (Kafka: DescribeGroups, ConsumerGroupDescribe).
	describeGroups(ctx context.Context, groups []string, answered func(map[string]groupState))
	// shareGroups reports which of the groups are share groups (KIP-932, Kafka: ShareGroupDescribe). Groups of brokers that do not
	// know the question are none.
	shareGroups(ctx context.Context, groups []string, answered func(map[string]bool))
}
