package demo

import (
	"context"
	"fmt"
	"time"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"
)

// poll is how long a worker waits for a record before it looks whether it is to stop.
const poll = 50 * time.Millisecond

// worker is one replica's program: it takes a while over each record and then commits it.
type worker struct {
	broker *broker
	topic  string
	group  string
	work   time.Duration
}

// run consumes some partitions from where the group left them, until ctx ends.
func (w worker) run(ctx context.Context, partitions []int32) (err error) {
	consumer, err := w.broker.consumer(w.group)
	if err != nil {
		return err
	}
	defer func() {
		if closeErr := consumer.Close(); err == nil && closeErr != nil {
			err = fmt.Errorf("closing a consumer of group %q: %w", w.group, closeErr)
		}
	}()
	var assigned []kafka.TopicPartition
	for _, id := range partitions {
		assigned = append(assigned, kafka.TopicPartition{Topic: &w.topic, Partition: id, Offset: kafka.OffsetStored})
	}
	// Assigned once in a consumer's life: librdkafka aborts the process when that is repeated under traffic.
	if err := consumer.Assign(assigned); err != nil {
		return fmt.Errorf("assigning partitions of %q: %w", w.topic, err)
	}
	stuck := stuck{consumer: consumer}
	for ctx.Err() == nil {
		if err := stuck.retry(time.Now()); err != nil {
			return err
		}
		message, ok := consumer.Poll(int(poll.Milliseconds())).(*kafka.Message)
		if !ok {
			continue
		}
		if err := w.handle(ctx, consumer, &stuck, message); err != nil {
			return err
		}
	}
	return nil
}

func (w worker) handle(ctx context.Context, consumer *kafka.Consumer, stuck *stuck, message *kafka.Message) error {
	if cured := curedAt(message); time.Now().Before(cured) {
		return stuck.at(message.TopicPartition, cured)
	}
	if !until(ctx, time.Now().Add(w.work)) {
		return nil // Not done, so not committed: the next one does it again.
	}
	if _, err := consumer.StoreMessage(message); err != nil {
		return fmt.Errorf("storing an offset of group %q: %w", w.group, err)
	}
	return nil
}

// stuck keeps the partitions whose next record cannot be processed yet. The others go on meanwhile.
type stuck struct {
	consumer *kafka.Consumer
	waiting  []kafka.TopicPartition
	cured    time.Time
}

func (s *stuck) at(position kafka.TopicPartition, cured time.Time) error {
	s.waiting, s.cured = append(s.waiting, position), cured
	if err := s.consumer.Pause([]kafka.TopicPartition{position}); err != nil {
		return fmt.Errorf("pausing %v: %w", position, err)
	}
	return nil
}

// retry goes back to the records that can be processed by now.
func (s *stuck) retry(now time.Time) error {
	if len(s.waiting) == 0 || now.Before(s.cured) {
		return nil
	}
	waiting := s.waiting
	s.waiting = nil
	for _, position := range waiting {
		if err := s.consumer.Seek(position, 0); err != nil {
			return fmt.Errorf("going back to %v: %w", position, err)
		}
	}
	if err := s.consumer.Resume(waiting); err != nil {
		return fmt.Errorf("resuming %v: %w", waiting, err)
	}
	return nil
}
