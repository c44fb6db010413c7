package main

import (
	"context"
	"io"
	"sync"
	"time"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"
)

// queueLength is more than any test produces: such queues have no bound.
const queueLength = 1 << 16

// workThroughQueue does what a listener does that hands each record to a worker in the background: the record is committed
// as soon as it is queued, long before its turn comes. To Kafka the group has no lag then, whatever waits. What is still in
// the queue when the program ends is lost.
func workThroughQueue(ctx context.Context, consumer *kafka.Consumer, joined *time.Time, s settings, out io.Writer) error {
	queue := make(chan *kafka.Message, queueLength)
	worked, stop := context.WithCancel(ctx)
	labour := labourOf(s.work, out)
	var worker sync.WaitGroup
	worker.Go(func() {
		for worked.Err() == nil { // two things are often ready at once, and the end comes first
			select {
			case record := <-queue:
				labour(record)
			case <-worked.Done():
			}
		}
	})
	err := work(ctx, consumer, joined, s, func(record *kafka.Message) {
		queue <- record
		commit(consumer, record)
	})
	stop()
	worker.Wait()
	return err
}
