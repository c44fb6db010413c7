package demo

import (
	"fmt"
	"net"
	"strconv"
	"time"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"
)

// patience bounds the waits for a broker that runs in this very process.
const patience = 5 * time.Second

// broker is librdkafka's own stand-in for a Kafka cluster, which speaks Kafka's protocol on a port of this machine. It
// is reached through a producer's setting because kafka.NewMockCluster prints a warning of its client to stderr.
type broker struct {
	host    *kafka.Producer
	address string
}

func startBroker() (*broker, error) {
	host, err := kafka.NewProducer(&kafka.ConfigMap{"test.mock.num.brokers": 1, "log_level": 0})
	if err != nil {
		return nil, fmt.Errorf("starting the embedded Kafka broker: %w", err)
	}
	metadata, err := host.GetMetadata(nil, true, int(patience.Milliseconds()))
	if err != nil {
		host.Close()
		return nil, fmt.Errorf("finding the embedded Kafka broker: %w", err)
	}
	if len(metadata.Brokers) == 0 {
		host.Close()
		return nil, fmt.Errorf("the embedded Kafka broker does not say where it is")
	}
	at := metadata.Brokers[0]
	return &broker{host: host, address: net.JoinHostPort(at.Host, strconv.Itoa(at.Port))}, nil
}

func (b *broker) close() { b.host.Close() }

// createTopic makes a topic by asking about it, and tells how many partitions the broker gave it.
func (b *broker) createTopic(topic string) (partitions int32, err error) {
	metadata, err := b.host.GetMetadata(&topic, false, int(patience.Milliseconds()))
	if err != nil {
		return 0, fmt.Errorf("creating topic %q: %w", topic, err)
	}
	return int32(len(metadata.Topics[topic].Partitions)), nil //nolint:gosec // a handful
}

// commitStart commits a group to the beginning of a topic. Without it each partition would count as 1 record, because a
// group that never committed may find anything (offsetResetPolicy latest): the group would start awake.
func (b *broker) commitStart(group, topic string, partitions int32) error {
	consumer, err := b.consumer(group)
	if err != nil {
		return err
	}
	defer func() { _ = consumer.Close() }()
	var start []kafka.TopicPartition
	for id := range partitions {
		start = append(start, kafka.TopicPartition{Topic: &topic, Partition: id, Offset: 0})
	}
	if _, err := consumer.CommitOffsets(start); err != nil {
		return fmt.Errorf("committing group %q to the start of topic %q: %w", group, topic, err)
	}
	return nil
}

// consumer commits, by itself and shortly after, the offsets that are stored with StoreMessage.
func (b *broker) consumer(group string) (*kafka.Consumer, error) {
	consumer, err := kafka.NewConsumer(&kafka.ConfigMap{
		"bootstrap.servers":        b.address,
		"log_level":                0,
		"group.id":                 group,
		"auto.offset.reset":        "earliest",
		"enable.auto.offset.store": false,
		"auto.commit.interval.ms":  200,
		"fetch.wait.max.ms":        100,
	})
	if err != nil {
		return nil, fmt.Errorf("making a consumer of group %q: %w", group, err)
	}
	return consumer, nil
}

func (b *broker) producer() (*kafka.Producer, error) {
	producer, err := kafka.NewProducer(&kafka.ConfigMap{
		"bootstrap.servers":   b.address,
		"log_level":           0,
		"linger.ms":           0,
		"go.delivery.reports": false,
	})
	if err != nil {
		return nil, fmt.Errorf("making a producer: %w", err)
	}
	return producer, nil
}
