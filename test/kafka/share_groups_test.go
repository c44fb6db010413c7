//go:build kafka

package kafka_test

import (
	"context"
	"errors"
	"os"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/lagwise/lagwise/scalers"
	"github.com/lagwise/lagwise/scalers/kafka/cluster"
	"github.com/lagwise/lagwise/test/realkafka"
)

// A share group (KIP-932) commits no offsets. Without a look at its type it would seem to have read nothing.
func TestAShareGroupIsRefused(t *testing.T) { //nolint:tparallel // the consumer stays open while its subtests run
	t.Parallel()
	broker := startBroker(t, realkafka.Options{LibDir: newerLib(t), Properties: []string{
		"share.coordinator.state.topic.replication.factor=1", "share.coordinator.state.topic.min.isr=1", "share.coordinator.state.topic.num.partitions=1",
	}})
	operator := operatorOf(t, broker)
	topic, group := operator.topic(t, 3), fresh(t)
	consumer, err := kgo.NewClient(kgo.SeedBrokers(broker.Address()), kgo.ShareGroup(group), kgo.ConsumeTopics(topic))
	if err != nil {
		t.Fatal(err)
	}
	defer consumer.Close()
	eventually(t, patience, func() error {
		operator.produce(t, topic, 0, 1) // what was produced before the group began is not for it
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if consumer.PollRecords(ctx, 1).NumRecords() == 0 {
			return errors.New("the share group has received nothing")
		}
		return nil
	})

	lagwise := startLagwise(t, cluster.Options{})
	for name, more := range map[string][]string{"latest": nil, "earliest": {"offsetResetPolicy", "earliest"}} {
		t.Run(name, func(t *testing.T) { //nolint:paralleltest // the consumer stays open meanwhile
			fails(t, lagwise.trigger(t, on(at(broker.Address()), group, topic, more...)), scalers.CauseRefused, group, "share group")
		})
	}
	t.Run("without topic", func(t *testing.T) {
		metadata := on(at(broker.Address()), group, topic)
		delete(metadata, "topic")
		fails(t, lagwise.trigger(t, metadata), scalers.CauseRefused, group, "share group")
	})
	t.Run("a consumer group that has never committed", func(t *testing.T) {
		answers(t, lagwise.trigger(t, on(at(broker.Address()), fresh(t), topic)), 3, true)
	})
}

func newerLib(t *testing.T) string {
	t.Helper()
	folder := os.Getenv(realkafka.NewerLibDirVariable)
	if folder == "" {
		t.Fatalf(`%s is not set: run "make test-kafka", which fetches Kafka and sets it`, realkafka.NewerLibDirVariable)
	}
	return folder
}
