package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"
	"golang.org/x/sync/errgroup"
)

// operator makes topics, produces and commits. Its producer is a client of its own: a connection answers in order, so a
// client that also waits for records would hold back what it produces.
type operator struct {
	admin    *kafka.AdminClient
	producer *kafka.Producer
	salvo    *salvo
}

func newOperator(address string) (*operator, error) {
	producer, err := kafka.NewProducer(&kafka.ConfigMap{
		"bootstrap.servers": address, "linger.ms": 0, "acks": 1, "go.delivery.report.fields": "none", "go.delivery.reports": false, "log_level": 0,
	})
	if err != nil {
		return nil, fmt.Errorf("opening a producer: %w", err)
	}
	admin, err := kafka.NewAdminClient(&kafka.ConfigMap{"bootstrap.servers": address, "log_level": 0})
	if err != nil {
		producer.Close()
		return nil, fmt.Errorf("opening an admin client: %w", err)
	}
	salvo, err := newSalvo(address)
	if err != nil {
		producer.Close()
		admin.Close()
		return nil, err
	}
	return &operator{admin: admin, producer: producer, salvo: salvo}, nil
}

func (o *operator) close() {
	o.admin.Close()
	o.producer.Close()
	o.salvo.close()
}

// topicName and groupName are those of trigger i; the peers use the same ones.
func topicName(i int) string { return fmt.Sprintf("t-%04d", i) }
func groupName(i int) string { return fmt.Sprintf("g-%05d", i) }

// fleetPartitions is how many partitions each topic of the fleet has.
const fleetPartitions = 3

// create makes topics and returns when all of their partitions have leaders.
func (o *operator) create(ctx context.Context, partitions int, topics ...string) error {
	specs := make([]kafka.TopicSpecification, len(topics))
	for i, topic := range topics {
		specs[i] = kafka.TopicSpecification{Topic: topic, NumPartitions: partitions, ReplicationFactor: 1}
	}
	results, err := o.admin.CreateTopics(ctx, specs, kafka.SetAdminOperationTimeout(time.Minute), kafka.SetAdminRequestTimeout(2*time.Minute))
	for _, result := range results {
		if result.Error.Code() != kafka.ErrNoError {
			err = errors.Join(err, result.Error)
		}
	}
	if err != nil {
		return fmt.Errorf("creating topics: %w", err)
	}
	// A client that asks where a new topic ends before the topic has leaders remembers for long that it had none.
	for range 600 {
		if err = o.haveLeaders(ctx, topics); err == nil {
			break
		}
		if err := sleep(ctx, 200*time.Millisecond); err != nil {
			return err
		}
	}
	return err
}

func (o *operator) haveLeaders(ctx context.Context, topics []string) error {
	described, err := o.admin.DescribeTopics(ctx, kafka.NewTopicCollectionOfTopicNames(topics))
	if err != nil {
		return fmt.Errorf("describing topics: %w", err)
	}
	for _, topic := range described.TopicDescriptions {
		if topic.Error.Code() != kafka.ErrNoError {
			return fmt.Errorf("describing %s: %w", topic.Name, topic.Error)
		}
		for _, partition := range topic.Partitions {
			if partition.Leader == nil || partition.Leader.ID < 0 {
				return fmt.Errorf("%s has a partition without a leader", topic.Name)
			}
		}
	}
	return nil
}

// createOnce makes a topic, unless it is there already.
func (o *operator) createOnce(ctx context.Context, partitions int, topic string) error {
	err := o.create(ctx, partitions, topic)
	if failed, ok := errors.AsType[kafka.Error](err); ok && failed.Code() == kafka.ErrTopicAlreadyExists {
		return nil
	}
	return err
}

func partitionsOf(topic string, partitions int) []kafka.TopicPartition {
	all := make([]kafka.TopicPartition, partitions)
	for id := range all {
		all[id] = kafka.TopicPartition{Topic: &topic, Partition: int32(id)}
	}
	return all
}

// send appends one record without waiting.
func (o *operator) send(topic string, id int32, value []byte) error {
	err := o.producer.Produce(&kafka.Message{TopicPartition: kafka.TopicPartition{Topic: &topic, Partition: id}, Value: value}, nil)
	if err != nil {
		return fmt.Errorf("producing: %w", err)
	}
	return nil
}

// ends reads where logs end. A client learns of new leaders a little later than the cluster has them.
func (o *operator) ends(ctx context.Context, partitions []kafka.TopicPartition) (ends []kafka.TopicPartition, err error) {
	for range 30 {
		if ends, err = o.endsOnce(ctx, partitions); err == nil {
			return ends, nil
		}
		if err := sleep(ctx, time.Second); err != nil {
			return nil, err
		}
	}
	return nil, err
}

func (o *operator) endsOnce(ctx context.Context, partitions []kafka.TopicPartition) ([]kafka.TopicPartition, error) {
	asked := make(map[kafka.TopicPartition]kafka.OffsetSpec, len(partitions))
	for _, partition := range partitions {
		asked[partition] = kafka.LatestOffsetSpec
	}
	result, err := o.admin.ListOffsets(ctx, asked)
	if err != nil {
		return nil, fmt.Errorf("listing offsets: %w", err)
	}
	ends := make([]kafka.TopicPartition, 0, len(partitions))
	for partition, info := range result.ResultInfos {
		if info.Error.Code() != kafka.ErrNoError {
			return nil, fmt.Errorf("listing offsets: %w", info.Error)
		}
		partition.Offset = info.Offset
		ends = append(ends, partition)
	}
	return ends, nil
}

// commit sets a group's offsets, as its consumers would. The first commits of all find a broker that is only about to
// keep them, so it tries again for a while.
func (o *operator) commit(ctx context.Context, group string, offsets []kafka.TopicPartition) (err error) {
	for range 100 {
		if err = o.commitOnce(ctx, group, offsets); err == nil {
			return nil
		}
		if err := sleep(ctx, 100*time.Millisecond); err != nil {
			return err
		}
	}
	return err
}

func (o *operator) commitOnce(ctx context.Context, group string, offsets []kafka.TopicPartition) error {
	results, err := o.admin.AlterConsumerGroupOffsets(ctx, []kafka.ConsumerGroupTopicPartitions{{Group: group, Partitions: offsets}})
	for _, result := range results.ConsumerGroupsTopicPartitions {
		for _, partition := range result.Partitions {
			err = errors.Join(err, partition.Error)
		}
	}
	if err != nil {
		return fmt.Errorf("committing: %w", err)
	}
	return nil
}

// drain has one group read its topic to the end.
func (o *operator) drain(ctx context.Context, group, topic string, partitions int) error {
	ends, err := o.ends(ctx, partitionsOf(topic, partitions))
	if err != nil {
		return err
	}
	return o.commit(ctx, group, ends)
}

// drainFleet has the groups of all triggers read their topics to the end.
func (o *operator) drainFleet(ctx context.Context, triggers, topics int) error {
	var all []kafka.TopicPartition
	for i := range topics {
		all = append(all, partitionsOf(topicName(i), fleetPartitions)...)
	}
	ends, err := o.ends(ctx, all)
	if err != nil {
		return err
	}
	byTopic := map[string][]kafka.TopicPartition{}
	for _, end := range ends {
		byTopic[*end.Topic] = append(byTopic[*end.Topic], end)
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(16)
	for i := range triggers {
		group.Go(func() error { return o.commit(ctx, groupName(i), byTopic[topicName(i%topics)]) })
	}
	return group.Wait() //nolint:wrapcheck // commit says it
}
