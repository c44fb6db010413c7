//go:build rabbitmq

package rabbitmq_test

import (
	"testing"

	"github.com/lagwise/lagwise/scalers"
)

// A broker that dies is an error and never a zero: what was seen serves until it is too old. When it is back so are the answers, and
// the pushes on streams that stayed open.
func TestBrokerDiesAndComesBack(t *testing.T) {
	l := newLab(t, mortal)
	busy, idle := l.queue(), l.queue()
	l.publish(busy, 5)
	byAMQP, byHTTP := l.scaler("queueName", busy, "protocol", "amqp"), l.scaler("queueName", busy, "protocol", "http")
	l.eventuallyValue(byAMQP, 5)
	l.eventuallyValue(byHTTP, 5)
	seen := l.follow(l.scaler("queueName", idle, "protocol", "amqp"))
	l.becomes(seen, false)

	mortal.Kill()
	for name, scaler := range map[string]scalers.Scaler{"amqp": byAMQP, "http": byHTTP} {
		l.eventually(scaler, func(e scalers.Evaluation, err error) bool {
			if err == nil && e.Value != 5 {
				t.Fatalf("%s: an outage is answered with %+v", name, e)
			}
			cause, _ := scalers.CauseOf(err)
			return err != nil && (cause == scalers.CauseUnreachable || cause == scalers.CauseTimedOut)
		})
	}
	// How long a newcomer waits for a dead broker is tested where time stands still.
	if _, err := l.scaler("queueName", l.t.Name(), "protocol", "amqp").Evaluate(t.Context()); err == nil {
		t.Error("a newcomer is answered by a dead broker")
	}
	for len(seen) > 0 {
		if e := <-seen; e.Active {
			t.Errorf("seen during the outage: %+v", e)
		}
	}

	if err := mortal.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	l.connect()
	l.eventuallyValue(byAMQP, 5)
	l.eventually(byHTTP, func(e scalers.Evaluation, err error) bool { // the API has the queue before it has its figures
		if err == nil && e.Value != 5 {
			t.Fatalf("a broker that has just started is answered with %+v", e)
		}
		return err == nil
	})
	l.becomes(seen, false)
	l.publish(idle, 1)
	l.becomes(seen, true)
}

// A broker that is frozen keeps its connections and answers nothing.
func TestFrozenBroker(t *testing.T) {
	l := newLab(t, mortal)
	queue := l.queue()
	l.publish(queue, 3)
	byAMQP, byHTTP := l.scaler("queueName", queue, "protocol", "amqp"), l.scaler("queueName", queue, "protocol", "http")
	l.eventuallyValue(byAMQP, 3)
	l.eventuallyValue(byHTTP, 3)
	if err := mortal.Freeze(); err != nil {
		t.Fatal(err)
	}
	for _, scaler := range []scalers.Scaler{byAMQP, byHTTP} {
		l.eventually(scaler, func(e scalers.Evaluation, err error) bool {
			if err == nil && e.Value != 3 {
				t.Fatalf("answered with %+v", e)
			}
			return err != nil
		})
	}
	if err := mortal.Thaw(); err != nil {
		t.Fatal(err)
	}
	l.eventuallyValue(byAMQP, 3)
	l.eventuallyValue(byHTTP, 3)
}
