package demo

import (
	"context"
	"fmt"
	"time"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"
)

// step is how often records are produced, several at a time.
const step = 50 * time.Millisecond

// traffic produces one burst in each cycle until ctx ends, and tells what it does: of the beginning just before the first
// record.
type traffic struct {
	burst
	partitions int32
	producer   *kafka.Producer
	began      time.Time
	tell       func(context.Context, occurrence)
}

func (t *traffic) run(ctx context.Context) error {
	for round := t.began; until(ctx, round.Add(t.from)); round = round.Add(cycle) {
		t.tell(ctx, occurrence{
			at: time.Now(), begins: t.topic,
			who: byProducer, text: fmt.Sprintf("%g records a second to topic %s", t.rate, t.topic),
		})
		if err := t.produce(ctx, round); err != nil {
			return err
		}
		t.say(ctx, byProducer, "nothing more to topic "+t.topic)
		if t.poison > 0 && until(ctx, round.Add(t.cured)) {
			t.say(ctx, byConsumers, "mended: the poison record in topic "+t.topic+" can be processed")
		}
	}
	return nil
}

func (t *traffic) say(ctx context.Context, who, text string) {
	t.tell(ctx, occurrence{at: time.Now(), who: who, text: text})
}

// produce sends a burst's records, as many in each step as the rate asks for.
func (t *traffic) produce(ctx context.Context, round time.Time) error {
	produced := 0
	for at := t.from; at < t.until; at += step {
		due := max(1, int((at-t.from+step).Seconds()*t.rate))
		for ; produced < due; produced++ {
			if err := t.send(ctx, produced, round); err != nil {
				return err
			}
		}
		if !until(ctx, round.Add(at+step)) {
			return nil
		}
	}
	return nil
}

func (t *traffic) send(ctx context.Context, number int, round time.Time) error {
	message := &kafka.Message{TopicPartition: kafka.TopicPartition{Topic: &t.topic, Partition: int32(number) % t.partitions}} //nolint:gosec // hundreds
	if t.poison > 0 && number == t.poison {
		message.Value = poisonUntil(round.Add(t.cured))
		t.say(ctx, byProducer, fmt.Sprintf("a poison record to topic %s: partition %d gets stuck", t.topic, message.TopicPartition.Partition))
	}
	if err := t.producer.Produce(message, nil); err != nil {
		return fmt.Errorf("producing to topic %q: %w", t.topic, err)
	}
	return nil
}

// until waits for an instant; it is false when ctx ends before.
func until(ctx context.Context, at time.Time) bool {
	timer := time.NewTimer(time.Until(at))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
