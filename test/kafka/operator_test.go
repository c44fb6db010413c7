//go:build kafka

package kafka_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"regexp"
	"testing"
	"time"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"

	"github.com/lagwise/lagwise/test/realkafka"
)

// operator runs a broker as its super user: it makes topics, writes records and moves groups, so that lagwise has
// something to observe.
type operator struct {
	broker *realkafka.Broker
	admin  *kafka.AdminClient
}

func operatorOf(t *testing.T, broker *realkafka.Broker) *operator {
	t.Helper()
	admin, err := kafka.NewAdminClient(&kafka.ConfigMap{"bootstrap.servers": broker.Address()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { letGo(t, admin) })
	return &operator{broker: broker, admin: admin}
}

// letGo closes the client, or leaves it to the end of the process: librdkafka loses a reference now and then when a broker
// dies under a request to a coordinator, and then never finishes to close.
func letGo(t *testing.T, admin *kafka.AdminClient) {
	t.Helper()
	closed := make(chan struct{})
	go func() { admin.Close(); close(closed) }()
	select {
	case <-closed:
	case <-time.After(10 * time.Second):
		t.Log("librdkafka does not let the operator's client go")
	}
}

// fresh is a name for a topic or a group that nobody else uses, and that tells whose it is.
func fresh(t *testing.T) string {
	t.Helper()
	words := regexp.MustCompile(`[^A-Za-z0-9]+`).ReplaceAllString(t.Name(), "-")
	return fmt.Sprintf("%s-%06x", words, rand.IntN(1<<24))
}

// topic makes a topic of a fresh name. Settings are the topic's own, as in "cleanup.policy", "compact".
func (o *operator) topic(t *testing.T, partitions int, settings ...string) string {
	t.Helper()
	name := fresh(t)
	o.createTopic(t, name, partitions, settings...)
	return name
}

func (o *operator) createTopic(t *testing.T, name string, partitions int, settings ...string) {
	t.Helper()
	specification := kafka.TopicSpecification{
		Topic: name, NumPartitions: partitions, ReplicationFactor: 1, Config: map[string]string{},
	}
	for i := 0; i < len(settings); i += 2 {
		specification.Config[settings[i]] = settings[i+1]
	}
	results, err := o.admin.CreateTopics(t.Context(), []kafka.TopicSpecification{specification},
		kafka.SetAdminOperationTimeout(20*time.Second))
	checkTopics(t, results, err)
}

func (o *operator) deleteTopic(t *testing.T, name string) {
	t.Helper()
	results, err := o.admin.DeleteTopics(t.Context(), []string{name}, kafka.SetAdminOperationTimeout(20*time.Second))
	checkTopics(t, results, err)
}

func (o *operator) growTo(t *testing.T, name string, partitions int) {
	t.Helper()
	results, err := o.admin.CreatePartitions(t.Context(),
		[]kafka.PartitionsSpecification{{Topic: name, IncreaseTo: partitions}}, kafka.SetAdminOperationTimeout(20*time.Second))
	checkTopics(t, results, err)
}

func checkTopics(t *testing.T, results []kafka.TopicResult, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	for _, result := range results {
		if result.Error.Code() != kafka.ErrNoError {
			t.Fatalf("topic %s: %v", result.Topic, result.Error)
		}
	}
}

// topics lists every topic of the broker.
func (o *operator) topics(t *testing.T) map[string]bool {
	t.Helper()
	metadata, err := o.admin.GetMetadata(nil, true, 20_000)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	for name := range metadata.Topics {
		found[name] = true
	}
	return found
}

// produce writes n records to a partition and returns when the broker has them.
func (o *operator) produce(t *testing.T, topic string, partition int32, n int) {
	t.Helper()
	o.produceKeyed(t, topic, partition, n, nil)
}

func (o *operator) produceKeyed(t *testing.T, topic string, partition int32, n int, key []byte) {
	t.Helper()
	producer, err := kafka.NewProducer(&kafka.ConfigMap{
		"bootstrap.servers": o.broker.Address(), "linger.ms": 0, "allow.auto.create.topics": false,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer producer.Close()
	write(t, producer, topic, partition, n, key)
}

// write waits for every record's delivery.
func write(t *testing.T, producer *kafka.Producer, topic string, partition int32, n int, key []byte) {
	t.Helper()
	delivered := make(chan kafka.Event, n)
	for range n {
		record := &kafka.Message{
			TopicPartition: kafka.TopicPartition{Topic: &topic, Partition: partition}, Key: key, Value: []byte("record"),
		}
		if err := producer.Produce(record, delivered); err != nil {
			t.Fatal(err)
		}
	}
	for range n {
		if record, ok := (<-delivered).(*kafka.Message); ok && record.TopicPartition.Error != nil {
			t.Fatalf("write to %s: %v", topic, record.TopicPartition.Error)
		}
	}
}

// commit sets a group's committed offset, as an operator does with kafka-consumer-groups.sh --reset-offsets. A young
// broker has no coordinator yet for its groups, and may take no notice of being asked for one.
func (o *operator) commit(t *testing.T, group, topic string, partition int32, offset int64) {
	t.Helper()
	eventually(t, patience, func() error {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		results, err := o.admin.AlterConsumerGroupOffsets(ctx, []kafka.ConsumerGroupTopicPartitions{{
			Group:      group,
			Partitions: []kafka.TopicPartition{{Topic: &topic, Partition: partition, Offset: kafka.Offset(offset)}},
		}}, kafka.SetAdminRequestTimeout(time.Hour)) // librdkafka aborts the process when it ends this request itself (issue 4605)
		if err != nil {
			return err
		}
		for _, result := range results.ConsumerGroupsTopicPartitions {
			for _, at := range result.Partitions {
				if at.Error != nil {
					return fmt.Errorf("commit of %s in %s: %w", group, topic, at.Error)
				}
			}
		}
		return nil
	})
}

// consume joins the group as an ordinary consumer, reads n records of the topic, commits them and leaves.
func (o *operator) consume(t *testing.T, group, topic string, n int) {
	t.Helper()
	consumer, err := kafka.NewConsumer(&kafka.ConfigMap{
		"bootstrap.servers": o.broker.Address(), "group.id": group,
		"auto.offset.reset": "earliest", "enable.auto.commit": false, "enable.auto.offset.store": false,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = consumer.Close() }()
	if err := consumer.SubscribeTopics([]string{topic}, nil); err != nil {
		t.Fatal(err)
	}
	for range n {
		record, err := consumer.ReadMessage(patience)
		if err != nil {
			t.Fatalf("%s reads %s: %v", group, topic, err)
		}
		if _, err := consumer.StoreMessage(record); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := consumer.Commit(); err != nil {
		t.Fatalf("%s commits in %s: %v", group, topic, err)
	}
}

// forget deletes a group and so all its commits.
func (o *operator) forget(t *testing.T, group string) {
	t.Helper()
	results, err := o.admin.DeleteConsumerGroups(t.Context(), []string{group})
	if err != nil {
		t.Fatal(err)
	}
	for _, result := range results.ConsumerGroupResults {
		if result.Error.Code() != kafka.ErrNoError {
			t.Fatalf("group %s: %v", result.Group, result.Error)
		}
	}
}

// dropBefore deletes a partition's records below offset, as retention does.
func (o *operator) dropBefore(t *testing.T, topic string, partition int32, offset int64) {
	t.Helper()
	results, err := o.admin.DeleteRecords(t.Context(),
		[]kafka.TopicPartition{{Topic: &topic, Partition: partition, Offset: kafka.Offset(offset)}})
	if err != nil {
		t.Fatal(err)
	}
	for _, result := range results.DeleteRecordsResults {
		if result.TopicPartition.Error != nil {
			t.Fatalf("records of %s: %v", topic, result.TopicPartition.Error)
		}
	}
}

// allow grants one operation on one topic or group to everybody who logs in as the principal.
func (o *operator) allow(t *testing.T, principal string, operation kafka.ACLOperation, resource kafka.ResourceType, name string) {
	t.Helper()
	results, err := o.admin.CreateACLs(t.Context(), kafka.ACLBindings{{
		Type: resource, Name: name, ResourcePatternType: kafka.ResourcePatternTypeLiteral,
		Principal: principal, Host: "*", Operation: operation, PermissionType: kafka.ACLPermissionTypeAllow,
	}})
	if err != nil {
		t.Fatal(err)
	}
	for _, result := range results {
		if result.Error.Code() != kafka.ErrNoError {
			t.Fatalf("ACL on %s: %v", name, result.Error)
		}
	}
}
