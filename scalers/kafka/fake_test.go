package kafka_test

import (
	"context"
	"log/slog"
	"sync"

	"github.com/lagwise/lagwise/scalers"
	"github.com/lagwise/lagwise/scalers/kafka"
	"github.com/lagwise/lagwise/scalers/kafka/cluster"
	"github.com/lagwise/lagwise/scalers/lag"
)

// fakeKafka stands for the pool of sessions: it notes what was asked for and answers with its view function.
type fakeKafka struct {
	view func(context.Context) (lag.View, error)
	fail error

	mu         sync.Mutex
	connection cluster.Connection
	want       cluster.Want
	listeners  []chan struct{}
	armed      []lag.Partition
	closed     int
}

func (f *fakeKafka) subscribe(connection cluster.Connection, want cluster.Want) (kafka.Subscription, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.fail != nil {
		return nil, f.fail
	}
	f.connection, f.want = connection, want
	return f, nil
}

func (f *fakeKafka) View(ctx context.Context) (lag.View, error) { return f.view(ctx) }

// Glance answers as View does, so that tests of either hold for both.
func (f *fakeKafka) Glance() (lag.View, bool) {
	view, err := f.view(context.Background())
	return view, err == nil
}

func (f *fakeKafka) Listen() (<-chan struct{}, func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	signal := make(chan struct{}, 1)
	f.listeners = append(f.listeners, signal)
	return signal, func() {}
}

func (f *fakeKafka) Arm(partitions []lag.Partition) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.armed = partitions
}

func (f *fakeKafka) Disarm() { f.Arm(nil) }

func (f *fakeKafka) changed() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, signal := range f.listeners {
		signal <- struct{}{}
	}
}

func (f *fakeKafka) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closed++
	return nil
}

// build makes a scaler on the fake, with one named connection to choose.
func (f *fakeKafka) build(metadata map[string]string) scalers.Scaler {
	return f.buildWith(kafka.NewConnections(map[string]kafka.Grant{"prod": {Connection: prod()}}, "*"), metadata)
}

func prod() cluster.Connection {
	return cluster.Connection{
		Name: "prod", BootstrapServers: []string{"kafka-0:9092", "kafka-1:9092"},
		SASL: &cluster.SASL{Mechanism: cluster.ScramSHA512, Username: "lagwise", Password: "hunter2"},
		TLS:  &cluster.TLS{},
	}
}

func (f *fakeKafka) buildWith(connections *kafka.Connections, metadata map[string]string) scalers.Scaler {
	return kafka.New(f.subscribe, connections, slog.New(slog.DiscardHandler))(
		scalers.Trigger{Namespace: "shop", Name: "orders", Metadata: metadata})
}

// with adds keys to the smallest good metadata; an empty value removes one.
func with(keysAndValues ...string) map[string]string {
	metadata := map[string]string{"bootstrapServers": "kafka:9092", "consumerGroup": "g", "topic": "orders"}
	for i := 0; i < len(keysAndValues); i += 2 {
		metadata[keysAndValues[i]] = keysAndValues[i+1]
	}
	return metadata
}

// window adds a window from 06:30 to 22:10 on weekdays, and more.
func window(keysAndValues ...string) map[string]string {
	return with(append([]string{"windowStart", "30 6 * * 1-5", "windowEnd", "10 22 * * *", "windowTimezone", "UTC"}, keysAndValues...)...)
}
