//go:build rabbitmq

package rabbitmq_test

import (
	"testing"
	"time"

	"github.com/lagwise/lagwise/scalers"
	"github.com/lagwise/lagwise/scalers/rabbitmq/broker"
)

// By HTTP many queues are read as one list, with the same figures; those that it does not have are asked for, and missing.
func TestManyQueuesAreListed(t *testing.T) {
	t.Parallel()
	l := newLabWith(t, mortal, broker.Options{RefreshInterval: time.Second, MaxSnapshotAge: 10 * time.Second})
	queues := make([]string, 40)
	built := make([]scalers.Scaler, len(queues))
	for i := range queues {
		queues[i] = l.queue("list")
		built[i] = l.scaler("queueName", queues[i], "protocol", "http")
	}
	missing := l.scaler("queueName", "nowhere", "protocol", "http")
	rate := l.scaler("queueName", queues[3], "protocol", "http", "mode", "MessageRate", "value", "1")
	l.publish(queues[3], 5)
	if _, found, err := l.channel.Get(queues[3], false); err != nil || !found {
		t.Fatal(found, err)
	}
	l.publish(queues[7], 2)
	l.eventuallyValue(built[3], 5) // one of them is unacknowledged
	l.eventuallyValue(built[7], 2)
	l.eventuallyValue(built[8], 0)
	l.eventuallyValue(l.scaler("queueName", queues[3], "protocol", "http", "excludeUnacknowledged", "true"), 4)
	l.eventually(rate, func(e scalers.Evaluation, err error) bool {
		if err == nil && e.Value == 0 {
			l.publish(queues[3], 1)
		}
		return err == nil && e.Value > 0
	})
	if _, err := missing.Evaluate(t.Context()); err == nil {
		t.Error("a missing queue has an answer")
	} else if cause, _ := scalers.CauseOf(err); cause != scalers.CauseNotFound {
		t.Errorf("of a missing queue: %v", err)
	}
	before := l.pool.Status()[0]
	l.eventually(built[8], func(scalers.Evaluation, error) bool { return l.pool.Status()[0].Done > before.Done+1 })
	after := l.pool.Status()[0]
	each := float64(after.Requests[0].Sent-before.Requests[0].Sent) / float64(after.Done-before.Done)
	if each > 10 {
		t.Errorf("%.1f requests for 40 queues", each)
	}
}
