//go:build rabbitmq

package rabbitmq_test

import (
	"strings"
	"testing"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/lagwise/lagwise/scalers"
	"github.com/lagwise/lagwise/test/realrabbit"
)

// A quorum queue whose leader has gone with half of its nodes is an error and never a zero, though AMQP says 0 of it without one.
func TestAQueueWithoutLeader(t *testing.T) {
	first := started(t, realrabbit.Options{})
	l := newLab(t, started(t, realrabbit.Options{Beside: first}))
	queue := ledBy(t, first)
	l.publish(queue, 25)
	byAMQP, byHTTP := l.scaler("queueName", queue, "protocol", "amqp"), l.scaler("queueName", queue, "protocol", "http")
	l.eventuallyValue(byAMQP, 25)
	l.eventuallyValue(byHTTP, 25)

	first.Kill()
	for name, scaler := range map[string]scalers.Scaler{"amqp": byAMQP, "http": byHTTP} {
		l.eventually(scaler, func(e scalers.Evaluation, err error) bool {
			if err == nil && e.Value != 25 {
				t.Fatalf("%s: an outage is answered with %+v", name, e)
			}
			return err != nil
		})
	}
	l.eventually(byAMQP, func(e scalers.Evaluation, err error) bool {
		if err == nil && e.Value != 25 {
			t.Fatalf("an outage is answered with %+v", e)
		}
		return err != nil && strings.Contains(err.Error(), "no leader")
	})
	if state, err := l.channel.QueueDeclarePassive(queue, true, false, false, false, nil); err != nil || state.Messages != 0 {
		t.Errorf("AMQP says %+v, %v: then nothing has to be doubted", state, err)
	}

	if err := first.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	l.eventuallyValue(byAMQP, 25)
	if _, err := l.channel.QueuePurge(queue, false); err != nil {
		t.Fatal(err)
	}
	l.eventuallyValue(byAMQP, 0)
}

func started(t *testing.T, options realrabbit.Options) *realrabbit.Broker {
	t.Helper()
	broker, err := realrabbit.Start(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := broker.Stop(); err != nil {
			t.Error(err)
		}
	})
	return broker
}

// ledBy makes a quorum queue whose leader is on a broker.
func ledBy(t *testing.T, broker *realrabbit.Broker) string {
	t.Helper()
	const name = "queue-of-two"
	if _, err := channelTo(t, broker).QueueDeclare(name, true, false, false, false, amqp.Table{amqp.QueueTypeArg: amqp.QueueTypeQuorum}); err != nil {
		t.Fatal(err)
	}
	return name
}
