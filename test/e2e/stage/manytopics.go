package stage

import (
	"context"
	"fmt"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"
)

// Topics makes many topics of one partition at once, and returns their names as Topic would.
func (s *Scenario) Topics(names ...string) []string {
	s.t.Helper()
	own := make([]string, len(names))
	for i, name := range names {
		own[i] = s.own(name)
	}
	s.Fatal(s.Kafka.createTopics(s.t.Context(), own))
	return own
}

// ProduceEach writes one record to each topic at once, and returns when the broker has them all.
func (s *Scenario) ProduceEach(topics []string) {
	s.t.Helper()
	s.Fatal(s.Kafka.produceEach(s.t.Context(), topics))
}

func (k *Kafka) createTopics(ctx context.Context, names []string) error {
	wanted := make([]kafka.TopicSpecification, len(names))
	for i, name := range names {
		wanted[i] = kafka.TopicSpecification{Topic: name, NumPartitions: 1, ReplicationFactor: 1}
	}
	results, err := k.admin.CreateTopics(ctx, wanted, kafka.SetAdminOperationTimeout(brokerPatience))
	if err != nil {
		return fmt.Errorf("create topics: %w", err)
	}
	for _, result := range results {
		if result.Error.Code() != kafka.ErrNoError {
			return fmt.Errorf("create topic %s: %w", result.Topic, result.Error)
		}
	}
	return nil
}

func (k *Kafka) produceEach(ctx context.Context, topics []string) error {
	delivered := make(chan kafka.Event, len(topics))
	for i := range topics {
		record := &kafka.Message{TopicPartition: kafka.TopicPartition{Topic: &topics[i], Partition: 0}, Value: []byte("record")}
		if err := k.producer.Produce(record, delivered); err != nil {
			return fmt.Errorf("write to %s: %w", topics[i], err)
		}
	}
	return awaitDelivery(ctx, delivered, len(topics))
}

// awaitDelivery returns when the broker has n records.
func awaitDelivery(ctx context.Context, delivered <-chan kafka.Event, n int) error {
	for range n {
		select {
		case event := <-delivered:
			if record, isRecord := event.(*kafka.Message); isRecord && record.TopicPartition.Error != nil {
				return fmt.Errorf("write a record: %w", record.TopicPartition.Error)
			}
		case <-ctx.Done():
			return fmt.Errorf("write records: %w", ctx.Err())
		}
	}
	return nil
}
