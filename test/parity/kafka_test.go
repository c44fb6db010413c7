package parity_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"
)

// kafkaState puts a broker into any state. Its methods return when the broker has done what they ask.
type kafkaState struct {
	address  string
	admin    *kafka.AdminClient
	producer *kafka.Producer
}

func newKafkaState(t *testing.T, address string) *kafkaState {
	t.Helper()
	producer, err := kafka.NewProducer(&kafka.ConfigMap{
		"bootstrap.servers": address, "linger.ms": 2, "go.delivery.report.fields": "none", "log_level": 0,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(producer.Close)
	admin, err := kafka.NewAdminClientFromProducer(producer)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(admin.Close)
	k := &kafkaState{address: address, admin: admin, producer: producer}
	if err := k.warm(t.Context()); err != nil {
		t.Fatal(err)
	}
	return k
}

// warm returns when the broker coordinates groups, whichever they are: a new broker first makes and loads the partitions
// in which it keeps their commits, and refuses questions about groups meanwhile.
func (k *kafkaState) warm(ctx context.Context) error {
	topic := &topic{name: "warm-up", logs: make([]log, 1)}
	if err := k.create(ctx, topic); err != nil {
		return err
	}
	const groups = 30 // the test broker has three such partitions
	for i := range groups {
		var last error
		err := poll(ctx, func() (bool, error) {
			last = k.commit(ctx, fmt.Sprintf("warm-up-%d", i), []kafka.TopicPartition{topic.at(0, 0)})
			return last == nil, nil
		})
		if err != nil {
			return errors.Join(err, last)
		}
	}
	return nil
}

// topic is a topic as the tests made it.
type topic struct {
	name string
	logs []log
}

// log is what one partition holds: the records from start, included, to end, not included.
type log struct{ start, end int64 }

func (t *topic) String() string {
	var text strings.Builder
	text.WriteString(t.name)
	for id, log := range t.logs {
		fmt.Fprintf(&text, " %d:[%d,%d)", id, log.start, log.end)
	}
	return text.String()
}

// at names one of the topic's partitions and an offset in it.
func (t *topic) at(id int, offset int64) kafka.TopicPartition {
	return kafka.TopicPartition{Topic: &t.name, Partition: int32(id), Offset: kafka.Offset(offset)}
}

// create makes empty topics and returns when clients can see them.
func (k *kafkaState) create(ctx context.Context, topics ...*topic) error {
	specs := make([]kafka.TopicSpecification, len(topics))
	for i, topic := range topics {
		specs[i] = kafka.TopicSpecification{Topic: topic.name, NumPartitions: len(topic.logs), ReplicationFactor: 1}
	}
	results, err := k.admin.CreateTopics(ctx, specs)
	for _, result := range results {
		if result.Error.Code() != kafka.ErrNoError {
			err = errors.Join(err, result.Error)
		}
	}
	if err != nil {
		return fmt.Errorf("creating topics: %w", err)
	}
	for range 12 {
		served, err := k.served(ctx, topics)
		if served || err != nil {
			return err
		}
	}
	return fmt.Errorf("%d new topics are not served after a minute", len(topics))
}

// served waits a while until the broker answers for every partition. A client that asks too early may remember for
// minutes that a partition has no leader, so each wait has a client of its own.
func (k *kafkaState) served(ctx context.Context, topics []*topic) (bool, error) {
	admin, err := kafka.NewAdminClient(&kafka.ConfigMap{"bootstrap.servers": k.address})
	if err != nil {
		return false, fmt.Errorf("opening an admin client: %w", err)
	}
	defer admin.Close()
	waiting, stop := context.WithTimeout(ctx, 5*time.Second)
	defer stop()
	err = poll(waiting, func() (bool, error) { return serves(waiting, admin, topics) })
	if waiting.Err() != nil && ctx.Err() == nil {
		return false, nil
	}
	return err == nil, err
}

// serves says whether the broker answers for every partition: one that was just made has no leader for a moment.
func serves(ctx context.Context, admin *kafka.AdminClient, topics []*topic) (bool, error) {
	ends := map[kafka.TopicPartition]kafka.OffsetSpec{}
	for _, topic := range topics {
		for id := range topic.logs {
			ends[topic.at(id, 0)] = kafka.LatestOffsetSpec
		}
	}
	answer, err := admin.ListOffsets(ctx, ends)
	if err != nil {
		return false, nil //nolint:nilerr // no topic is known yet
	}
	for _, end := range answer.ResultInfos {
		if end.Error.Code() != kafka.ErrNoError {
			return false, nil
		}
	}
	return true, nil
}

// produce appends records; counts are by partition.
func (k *kafkaState) produce(topic *topic, counts ...int64) error {
	var total int64
	for _, count := range counts {
		total += count
	}
	delivered := make(chan kafka.Event, total)
	for id, count := range counts {
		at := topic.at(id, int64(kafka.OffsetInvalid))
		for range count {
			if err := k.producer.Produce(&kafka.Message{TopicPartition: at, Value: []byte("x")}, delivered); err != nil {
				return fmt.Errorf("producing to %s: %w", topic.name, err)
			}
		}
		topic.logs[id].end += count
	}
	for range total {
		if message, ok := (<-delivered).(*kafka.Message); ok && message.TopicPartition.Error != nil {
			return fmt.Errorf("producing to %s: %w", topic.name, message.TopicPartition.Error)
		}
	}
	return nil
}

// deleteBefore moves log start offsets, as retention does; starts are by partition.
func (k *kafkaState) deleteBefore(ctx context.Context, topic *topic, starts ...int64) error {
	var moved []kafka.TopicPartition
	for id, start := range starts {
		if start > topic.logs[id].start {
			moved = append(moved, topic.at(id, start))
			topic.logs[id].start = start
		}
	}
	if len(moved) == 0 {
		return nil
	}
	results, err := k.admin.DeleteRecords(ctx, moved)
	for _, result := range results.DeleteRecordsResults {
		err = errors.Join(err, result.TopicPartition.Error)
	}
	if err != nil {
		return fmt.Errorf("deleting records of %s: %w", topic.name, err)
	}
	return nil
}

// commit sets a group's offsets, as its consumers would.
func (k *kafkaState) commit(ctx context.Context, group string, offsets []kafka.TopicPartition) error {
	if len(offsets) == 0 {
		return nil
	}
	results, err := k.admin.AlterConsumerGroupOffsets(ctx, []kafka.ConsumerGroupTopicPartitions{{Group: group, Partitions: offsets}})
	for _, result := range results.ConsumerGroupsTopicPartitions {
		for _, partition := range result.Partitions {
			err = errors.Join(err, partition.Error)
		}
	}
	if err != nil {
		return fmt.Errorf("committing for %q: %w", group, err)
	}
	return nil
}

// poll asks until the answer is yes or ctx ends.
func poll(ctx context.Context, ask func() (bool, error)) error {
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	for {
		yes, err := ask()
		if yes || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ticker.C:
		}
	}
}
