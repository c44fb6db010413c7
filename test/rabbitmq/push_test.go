//go:build rabbitmq

package rabbitmq_test

import (
	"slices"
	"testing"
	"time"

	"github.com/lagwise/lagwise/scalers/rabbitmq/broker"
)

// The first message of an idle queue is pushed because it was looked for: here no refresh comes in time.
func TestPush(t *testing.T) {
	l := newLabWith(t, shared, broker.Options{RefreshInterval: time.Hour})
	var took []time.Duration
	for range 20 {
		queue := l.queue()
		seen := l.follow(l.scaler("queueName", queue, "protocol", "amqp"))
		l.becomes(seen, false)
		began := time.Now()
		l.publish(queue, 1)
		e := l.becomes(seen, true)
		took = append(took, time.Since(began))
		if e.Value != 1 || e.WokenAt.Before(began) {
			t.Errorf("pushed: %+v", e)
		}
	}
	slices.Sort(took)
	t.Logf("published -> pushed: %s in the middle, %s at most", took[10], took[19])
}
