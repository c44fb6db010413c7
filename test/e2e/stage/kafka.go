package stage

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"

	"github.com/lagwise/lagwise/test/realkafka"
)

// Kafka is a broker with its operator: who makes topics, writes records and moves groups.
type Kafka struct {
	*realkafka.Broker
	admin    *kafka.AdminClient
	producer *kafka.Producer
}

// brokerPatience bounds what takes milliseconds on a broker that serves.
const brokerPatience = 30 * time.Second

func startKafka(ctx context.Context, options realkafka.Options) (*Kafka, error) {
	broker, err := realkafka.Start(ctx, options)
	if err != nil {
		return nil, fmt.Errorf("start Kafka: %w", err)
	}
	k := &Kafka{Broker: broker}
	if k.producer, err = kafka.NewProducer(&kafka.ConfigMap{"bootstrap.servers": broker.Address(), "linger.ms": 0}); err != nil {
		return nil, errors.Join(fmt.Errorf("make a producer: %w", err), k.close())
	}
	if k.admin, err = kafka.NewAdminClientFromProducer(k.producer); err != nil {
		return nil, errors.Join(fmt.Errorf("make an admin client: %w", err), k.close())
	}
	// Errors of single records come with their delivery, and lost connections are made again: nothing is to be done here.
	go func() {
		for range k.producer.Events() { // an unread channel would fill
		}
	}()
	return k, nil
}

func (k *Kafka) close() error {
	const enough = 10 * time.Second
	closed := make(chan struct{})
	// librdkafka waits for requests under way, an hour for a commit to a broker that was killed: it is left to that.
	go func() {
		defer close(closed)
		if k.admin != nil {
			k.admin.Close()
		}
		if k.producer != nil {
			k.producer.Close()
		}
	}()
	select {
	case <-closed:
	case <-time.After(enough):
	}
	return k.Stop()
}

func (k *Kafka) createTopic(ctx context.Context, name string, partitions int) error {
	results, err := k.admin.CreateTopics(ctx,
		[]kafka.TopicSpecification{{Topic: name, NumPartitions: partitions, ReplicationFactor: 1}},
		kafka.SetAdminOperationTimeout(brokerPatience))
	if err != nil {
		return fmt.Errorf("create topic %s: %w", name, err)
	}
	if failed := results[0].Error; failed.Code() != kafka.ErrNoError {
		return fmt.Errorf("create topic %s: %w", name, failed)
	}
	// A record's way begins when it is produced: the producer knows the topic before.
	if _, err := k.producer.GetMetadata(&name, false, int(brokerPatience.Milliseconds())); err != nil {
		return fmt.Errorf("look up topic %s: %w", name, err)
	}
	return nil
}

// produce writes n records to a partition and returns when the broker has them.
func (k *Kafka) produce(ctx context.Context, topic string, partition int32, n int) error {
	return write(ctx, k.producer, topic, partition, n)
}

func write(ctx context.Context, producer *kafka.Producer, topic string, partition int32, n int) error {
	delivered := make(chan kafka.Event, n)
	for range n {
		record := &kafka.Message{TopicPartition: kafka.TopicPartition{Topic: &topic, Partition: partition}, Value: []byte("record")}
		if err := producer.Produce(record, delivered); err != nil {
			return fmt.Errorf("write to %s: %w", topic, err)
		}
	}
	return awaitDelivery(ctx, delivered, n)
}

// transact writes n records to a partition in one transaction of a producer of its own.
func (k *Kafka) transact(ctx context.Context, topic string, partition int32, n int) error {
	producer, err := kafka.NewProducer(&kafka.ConfigMap{
		"bootstrap.servers": k.Address(), "linger.ms": 0, "transactional.id": fmt.Sprintf("%s-%d", topic, partition),
	})
	if err != nil {
		return fmt.Errorf("make a producer: %w", err)
	}
	defer producer.Close()
	if err := producer.InitTransactions(ctx); err != nil {
		return fmt.Errorf("begin to write to %s: %w", topic, err)
	}
	if err := producer.BeginTransaction(); err != nil {
		return fmt.Errorf("begin to write to %s: %w", topic, err)
	}
	if err := write(ctx, producer, topic, partition, n); err != nil {
		return err
	}
	if err := producer.CommitTransaction(ctx); err != nil {
		return fmt.Errorf("commit what was written to %s: %w", topic, err)
	}
	return nil
}

// commit sets a group's committed offset. A young broker has no coordinator yet for its groups: it is asked again.
func (k *Kafka) commit(ctx context.Context, group, topic string, partition int32, offset int64) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	results, err := k.admin.AlterConsumerGroupOffsets(ctx, []kafka.ConsumerGroupTopicPartitions{{
		Group:      group,
		Partitions: []kafka.TopicPartition{{Topic: &topic, Partition: partition, Offset: kafka.Offset(offset)}},
	}}, kafka.SetAdminRequestTimeout(time.Hour)) // librdkafka aborts the process when it ends this request itself
	if err != nil {
		return fmt.Errorf("commit %s in %s: %w", group, topic, err)
	}
	for _, result := range results.ConsumerGroupsTopicPartitions {
		for _, at := range result.Partitions {
			if at.Error != nil {
				return fmt.Errorf("commit %s in %s: %w", group, topic, at.Error)
			}
		}
	}
	return nil
}
