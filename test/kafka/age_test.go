//go:build kafka

package kafka_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"

	"github.com/lagwise/lagwise/scalers"
	"github.com/lagwise/lagwise/scalers/kafka/cluster"
)

// stamp writes one record for each age into a partition, in order.
func (o *operator) stamp(t *testing.T, topic string, partition int32, ages ...time.Duration) {
	t.Helper()
	producer, err := kafka.NewProducer(&kafka.ConfigMap{"bootstrap.servers": o.broker.Address(), "linger.ms": 0})
	if err != nil {
		t.Fatal(err)
	}
	defer producer.Close()
	delivered := make(chan kafka.Event, 1)
	for _, age := range ages {
		must(t, producer.Produce(&kafka.Message{
			TopicPartition: kafka.TopicPartition{Topic: &topic, Partition: partition},
			Timestamp:      time.Now().Add(-age), Value: []byte("record"),
		}, delivered))
		if record, ok := (<-delivered).(*kafka.Message); !ok || record.TopicPartition.Error != nil {
			t.Fatalf("write to %s: %v", topic, record)
		}
	}
}

// aged waits until the trigger's value is that of an age at 1,000 an hour, and what the test has taken since.
func aged(t *testing.T, began time.Time, trigger scalers.Scaler, age time.Duration, active bool) {
	t.Helper()
	value := func(age time.Duration) float64 { return age.Hours() * 1000 }
	eventually(t, patience, func() error {
		answer, err := ask(t, trigger)
		if err != nil || answer.Value < value(age)-1 || answer.Value > value(age+time.Since(began))+1 || answer.Active != active {
			return fmt.Errorf("want about %v, active %v, got %v, active %v, %w: %v",
				value(age), active, answer.Value, answer.Active, err, answer.Reasons)
		}
		return nil
	})
}

func TestAgeOfTheOldestRecord(t *testing.T) {
	t.Parallel()
	operator := operatorOf(t, shared)
	topic, group, began := operator.topic(t, 6), fresh(t), time.Now()
	for id := range int32(5) { // partition 5 has no commit: a consumer would begin at its end
		operator.commit(t, group, topic, id, 0)
	}
	operator.stamp(t, topic, 5, time.Hour)
	product := startLagwise(t, cluster.Options{})
	trigger := func(more ...string) scalers.Scaler {
		return product.trigger(t, on(at(shared.Address()), group, topic, append(more, "lagTimeThreshold", "1h")...))
	}
	latest := trigger("scaleToZeroOnInvalidOffset", "true", "activationLagTimeThreshold", "1h") // far from every age below
	aged(t, began, latest, 0, false)

	operator.stamp(t, topic, 0, 150*time.Minute, 10*time.Second)
	operator.stamp(t, topic, 1, 30*time.Second)
	aged(t, began, latest, 150*time.Minute, true)
	// A newer record first, and an older one behind it: what counts is the one that is read next.
	operator.commit(t, group, topic, 0, 2)
	aged(t, began, latest, 30*time.Second, false)
	operator.stamp(t, topic, 1, 5*time.Hour)
	aged(t, began, latest, 30*time.Second, false)
	operator.commit(t, group, topic, 1, 1)
	aged(t, began, latest, 5*time.Hour, true)
	operator.commit(t, group, topic, 1, 2)
	// A record of the future has no age.
	operator.stamp(t, topic, 2, -30*time.Minute)
	aged(t, began, latest, 0, false)
	// Retention has deleted the oldest record.
	operator.stamp(t, topic, 3, 3*time.Hour, 100*time.Minute)
	operator.dropBefore(t, topic, 3, 1)
	aged(t, began, latest, 100*time.Minute, true)
	operator.commit(t, group, topic, 3, 2)
	aged(t, began, latest, 0, false)

	earliest := trigger("offsetResetPolicy", "earliest", "allowIdleConsumers", "true")
	aged(t, began, earliest, time.Hour, true)
}

// Whatever the producer says, such a topic's records are as old as the broker says.
func TestAgeByTheBrokersClock(t *testing.T) {
	t.Parallel()
	operator := operatorOf(t, shared)
	topic, group, began := operator.topic(t, 3, "message.timestamp.type", "LogAppendTime"), fresh(t), time.Now()
	for id := range int32(3) {
		operator.commit(t, group, topic, id, 0)
	}
	operator.stamp(t, topic, 0, time.Hour)
	trigger := startLagwise(t, cluster.Options{}).trigger(t, on(at(shared.Address()), group, topic,
		"lagTimeThreshold", "1h", "activationLagTimeThreshold", "5s"))
	aged(t, began, trigger, 5*time.Second, true)
}

// The age alone needs nothing but offsets.
func TestActiveByAgeWithoutReading(t *testing.T) {
	t.Parallel()
	p := withoutRights(t)
	p.describeTopic(t, p.topic)
	p.describeGroup(t)
	answers(t, p.trigger(t, "activationLagTimeThreshold", "1h"), 3, false)
	trigger := p.trigger(t, "activationLagTimeThreshold", "2s")
	answers(t, trigger, 3, true)
	p.operator.commit(t, p.group, p.topic, 0, 5)
	answers(t, trigger, 0, false)
}

func TestRecordsNeedRead(t *testing.T) {
	t.Parallel()
	p := withoutRights(t)
	p.describeTopic(t, p.topic)
	p.describeGroup(t)
	age, records := p.trigger(t, "lagTimeThreshold", "60s"), p.trigger(t, "ignorePhantomLag", "true")
	fails(t, age, scalers.CauseDenied, "no READ", p.topic)
	if answer := answers(t, records, 3, true); !says(answer, "no READ") {
		t.Errorf("the reason is not told: %v", answer.Reasons)
	}
	p.operator.allow(t, reader, kafka.ACLOperationRead, kafka.ResourceTopic, p.topic)
	eventually(t, patience, func() error { _, err := ask(t, age); return err })
	eventually(t, patience, func() error {
		if answer, err := ask(t, records); err != nil || says(answer, "no READ") {
			return fmt.Errorf("%v, %w", answer.Reasons, err)
		}
		return nil
	})
}
