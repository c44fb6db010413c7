//go:build kafka

package kafka_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"

	"github.com/lagwise/lagwise/scalers/kafka/cluster"
)

// Lag counts offsets, as KEDA's does, and offsets are not always records: the end of each transaction takes one, and
// compaction leaves gaps.

func TestTransactionMarkersCount(t *testing.T) {
	t.Parallel()
	operator := operatorOf(t, shared)
	topic, group := operator.topic(t, 1), fresh(t)
	operator.commit(t, group, topic, 0, 0)
	producer, err := kafka.NewProducer(&kafka.ConfigMap{
		"bootstrap.servers": shared.Address(), "transactional.id": fresh(t), "linger.ms": 0,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer producer.Close()
	must(t, producer.InitTransactions(t.Context()))
	trigger := startLagwise(t, cluster.Options{}).trigger(t, on(at(shared.Address()), group, topic))
	answers(t, trigger, 0, false)

	must(t, producer.BeginTransaction())
	write(t, producer, topic, 0, 3, nil)
	answers(t, trigger, 3, true) // an open transaction's records count

	must(t, producer.CommitTransaction(t.Context()))
	answers(t, trigger, 3+1, true)

	must(t, producer.BeginTransaction())
	write(t, producer, topic, 0, 2, nil)
	must(t, producer.AbortTransaction(t.Context()))
	answers(t, trigger, 3+1+2+1, true)
}

func TestCompactionLeavesLagByOffsets(t *testing.T) {
	t.Parallel()
	operator := operatorOf(t, tidy)
	topic, group := operator.topic(t, 1,
		"cleanup.policy", "compact", "segment.ms", "100", "min.cleanable.dirty.ratio", "0.01"), fresh(t)
	operator.commit(t, group, topic, 0, 0)
	trigger := startLagwise(t, cluster.Options{}).trigger(t, on(at(tidy.Address()), group, topic))

	// A segment is compacted once the next one has begun, and that takes a record.
	produced := 0
	eventually(t, patience, func() error {
		operator.produceKeyed(t, topic, 0, 10, []byte("same"))
		produced += 10
		if left := recordsIn(t, tidy.Address(), topic); left == produced {
			return fmt.Errorf("all %d records are still there", left)
		}
		return nil
	})
	answers(t, trigger, float64(produced), true)
}

// recordsIn counts what a consumer can still read of the topic's only partition.
func recordsIn(t *testing.T, address, topic string) (records int) {
	t.Helper()
	consumer, err := kafka.NewConsumer(&kafka.ConfigMap{
		"bootstrap.servers": address, "group.id": fresh(t), "enable.partition.eof": true, "auto.offset.reset": "earliest",
	})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = consumer.Close() }()
	must(t, consumer.Assign([]kafka.TopicPartition{{Topic: &topic, Offset: kafka.OffsetBeginning}}))
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
		switch consumer.Poll(100).(type) {
		case *kafka.Message:
			records++
		case kafka.PartitionEOF:
			return records
		}
	}
	t.Fatalf("found no end of %s", topic)
	return 0
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
