package cluster_test

import (
	"context"
	"testing"
	"time"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"

	"github.com/lagwise/lagwise/scalers/kafka/cluster"
	"github.com/lagwise/lagwise/scalers/lag"
)

// The demo's broker knows no timestamps to ask for, but keeps those of records.
func TestRecordsOfTheEmbeddedBroker(t *testing.T) {
	t.Parallel()
	broker, err := kafka.NewMockCluster(1)
	if err != nil {
		t.Fatal(err)
	}
	defer broker.Close()
	if err := broker.CreateTopic("orders", 1, 1); err != nil {
		t.Fatal(err)
	}
	stamped := time.Now().Add(-time.Minute).Truncate(time.Millisecond)
	producer, err := kafka.NewProducer(&kafka.ConfigMap{"bootstrap.servers": broker.BootstrapServers()})
	if err != nil {
		t.Fatal(err)
	}
	defer producer.Close()
	topic, delivered := "orders", make(chan kafka.Event, 3)
	for range 3 {
		record := &kafka.Message{TopicPartition: kafka.TopicPartition{Topic: &topic}, Value: []byte("record"), Timestamp: stamped}
		if err := producer.Produce(record, delivered); err != nil {
			t.Fatal(err)
		}
		<-delivered
	}

	pool := cluster.NewPool(cluster.Options{Embedded: true})
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- pool.Run(ctx) }()
	defer func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}()
	subscription, err := pool.Subscribe(cluster.Connection{Name: "embedded", BootstrapServers: []string{broker.BootstrapServers()}},
		cluster.Want{Group: "billing", Topics: []string{topic}, Needs: lag.Needs{
			LogStart: true, LogStartWithoutCommit: true, Phantom: true, OldestRecord: true,
		}})
	if err != nil {
		t.Fatal(err)
	}
	asking, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	view, err := subscription.View(asking)
	if err != nil {
		t.Fatal(err)
	}
	want := lag.Records{Through: 3, Count: 3, Timestamp: stamped, HasTimestamp: true}
	got := *view.Latest.Partitions[0].Facts.Records
	if !got.Timestamp.Equal(stamped) {
		t.Errorf("made at %s, want %s", got.Timestamp, stamped)
	}
	if got.Timestamp = stamped; got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}
