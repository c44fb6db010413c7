package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"

	"github.com/lagwise/lagwise/test/realkafka"
)

const (
	topics, groups, each     = 10, 20, 6 // each topic's partitions
	ordersTopic, ordersGroup = "orders", "order-workers"
	patience                 = 10 * time.Second
)

func topicName(i int) string { return fmt.Sprintf("events-%d", i) }
func groupName(i int) string { return fmt.Sprintf("workers-%d", i) }

// broker is a real Kafka, and who works on it.
type broker struct {
	*realkafka.Broker

	producer *kafka.Producer
	orders   *kafka.Consumer // commits for the group of shop/orders, and reads nothing
	ends     []int64         // of the topic's partitions
	done     []int64
}

func startBroker(ctx context.Context) (*broker, error) {
	started, err := realkafka.Start(ctx, realkafka.Options{})
	if err != nil {
		return nil, err
	}
	b := &broker{Broker: started, ends: make([]int64, each), done: make([]int64, each)}
	b.producer, err = kafka.NewProducer(&kafka.ConfigMap{"bootstrap.servers": b.Address(), "go.delivery.reports": false, "log_level": 0})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("making a producer: %w", err), b.Stop())
	}
	if err := errors.Join(b.makeTopics(ctx), b.fill()); err != nil {
		return nil, errors.Join(err, b.Stop())
	}
	return b, nil
}

func (b *broker) makeTopics(ctx context.Context) error {
	admin, err := kafka.NewAdminClientFromProducer(b.producer)
	if err != nil {
		return fmt.Errorf("making topics: %w", err)
	}
	defer admin.Close()
	wanted := []kafka.TopicSpecification{{Topic: ordersTopic, NumPartitions: each}}
	for i := range topics {
		wanted = append(wanted, kafka.TopicSpecification{Topic: topicName(i), NumPartitions: each})
	}
	if _, err := admin.CreateTopics(ctx, wanted); err != nil {
		return fmt.Errorf("making topics: %w", err)
	}
	return nil
}

// fill gives every topic another number of records, and has half of the groups up to date with all of them.
func (b *broker) fill() error {
	var all []kafka.TopicPartition
	for i := range topics {
		name := topicName(i)
		if err := b.produce(name, 37*i); err != nil {
			return err
		}
		for id := range int32(each) {
			end, err := b.end(name, id)
			if err != nil {
				return err
			}
			all = append(all, kafka.TopicPartition{Topic: &name, Partition: id, Offset: kafka.Offset(end)})
		}
	}
	for i := range groups / 2 {
		consumer, err := b.commit(groupName(i), all)
		if err != nil {
			return err
		}
		_ = consumer.Close()
	}
	var err error
	b.orders, err = b.commit(ordersGroup, b.position())
	return err
}

// end is where a partition's log ends. One that was just made has no leader for a moment.
func (b *broker) end(topic string, id int32) (end int64, err error) {
	for deadline := time.Now().Add(patience); ; time.Sleep(100 * time.Millisecond) {
		if _, end, err = b.producer.QueryWatermarkOffsets(topic, id, int(patience.Milliseconds())); err == nil {
			return end, nil
		}
		if time.Now().After(deadline) {
			return 0, fmt.Errorf("looking for the end of topic %s: %w", topic, err)
		}
	}
}

// position is what the group of shop/orders has done.
func (b *broker) position() (all []kafka.TopicPartition) {
	name := ordersTopic
	for id, done := range b.done {
		all = append(all, kafka.TopicPartition{Topic: &name, Partition: int32(id), Offset: kafka.Offset(done)})
	}
	return all
}

// commit gives back the consumer that committed, still open.
func (b *broker) commit(group string, offsets []kafka.TopicPartition) (*kafka.Consumer, error) {
	consumer, err := kafka.NewConsumer(&kafka.ConfigMap{"bootstrap.servers": b.Address(), "group.id": group, "log_level": 0})
	if err != nil {
		return nil, fmt.Errorf("making a consumer of %s: %w", group, err)
	}
	if _, err := consumer.CommitOffsets(offsets); err != nil {
		return nil, fmt.Errorf("committing for %s: %w", group, err)
	}
	return consumer, nil
}

// produce spreads records over a topic's partitions, the first one getting the most.
func (b *broker) produce(topic string, records int) error {
	for i := range records {
		partition := kafka.PartitionAny
		if topic == ordersTopic {
			id := min(i%(len(b.ends)+2), len(b.ends)+1) % len(b.ends)
			partition = int32(id) //nolint:gosec // a handful
			b.ends[id]++
		}
		message := &kafka.Message{TopicPartition: kafka.TopicPartition{Topic: &topic, Partition: partition}, Value: []byte("x")}
		if err := b.producer.Produce(message, nil); err != nil {
			return fmt.Errorf("producing: %w", err)
		}
	}
	b.producer.Flush(int(patience.Milliseconds()))
	return nil
}

// comeAndGo lets a wave of orders come every six minutes, and has workers catch up with it.
func (b *broker) comeAndGo(ctx context.Context) {
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	for second := 0; ; second++ {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		if second%360 < 120 && second%3 == 0 {
			if err := b.produce(ordersTopic, 40+second%7*3); err != nil {
				log.Print(err)
			}
		}
		for id := range b.done {
			b.done[id] = min(b.ends[id], b.done[id]+int64(2+second%3))
		}
		if _, err := b.orders.CommitOffsets(b.position()); err != nil {
			log.Print(err)
		}
	}
}
