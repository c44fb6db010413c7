package main

import (
	"context"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// salvo puts one record on each of many topics at once: all of them go to the broker in one request. librdkafka, whose
// producer the other measurements use, makes one request for each partition, and those follow each other for seconds.
type salvo struct{ client *kgo.Client }

func newSalvo(bootstrap string) (*salvo, error) {
	client, err := kgo.NewClient(
		kgo.SeedBrokers(bootstrap), kgo.ClientID("bench-salvo"),
		kgo.RequiredAcks(kgo.LeaderAck()), kgo.DisableIdempotentWrite(),
		kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.ManualFlushing(), kgo.MaxBufferedRecords(1<<20),
	)
	if err != nil {
		return nil, fmt.Errorf("opening a producer: %w", err)
	}
	return &salvo{client: client}, nil
}

func (s *salvo) close() { s.client.Close() }

// fire appends one record to each of so many topics of the fleet, and says when it began and when the broker had them.
// The first salvo takes longer than others, because the producer has to learn about the topics.
func (s *salvo) fire(ctx context.Context, topics int) (began, acknowledged time.Time, err error) {
	failed := make(chan error, topics)
	for i := range topics {
		record := &kgo.Record{Topic: topicName(i), Partition: int32(i % fleetPartitions), Value: []byte("x")}
		s.client.Produce(ctx, record, func(_ *kgo.Record, err error) { failed <- err })
	}
	began = time.Now() // nothing is sent before the flush
	if err := s.client.Flush(ctx); err != nil {
		return began, began, fmt.Errorf("producing: %w", err)
	}
	acknowledged = time.Now()
	for range topics {
		if err := <-failed; err != nil {
			return began, acknowledged, fmt.Errorf("producing: %w", err)
		}
	}
	return began, acknowledged, nil
}
