//go:build rabbitmq

package rabbitmq_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/lagwise/lagwise/scalers"
	"github.com/lagwise/lagwise/scalers/rabbitmq/broker"
	"github.com/lagwise/lagwise/test/process"
)

// A thousand idle queues are followed through one connection. How soon the first message of one of them is pushed is told beside how
// soon a plain consumer has one of another queue.
func TestAThousandTriggers(t *testing.T) {
	l := newLabWith(t, shared, broker.Options{})
	const triggers, messages = 1000, 60
	before := l.connections()
	queues := make([]string, triggers)
	streams := make([]<-chan scalers.Evaluation, triggers)
	for i := range triggers {
		queues[i] = l.queue(fmt.Sprint(i))
		streams[i] = l.follow(l.scaler("queueName", queues[i], "protocol", "amqp"))
	}
	for _, stream := range streams {
		l.becomes(stream, false)
	}
	if more := l.connections() - before; more > 2 { // one, and one more while a busy machine has queues answer late
		t.Errorf("%d connections for %d triggers", more, triggers)
	}
	l.tellCost()
	consumed := l.queue("consumed")
	deliveries, err := l.channel.Consume(consumed, "", true, false, false, false, nil)
	if err != nil {
		t.Fatal(err)
	}
	var pushed, delivered []time.Duration
	woken := 0
	for _, i := range rand.Perm(triggers)[:messages] {
		<-time.After(rand.N(100 * time.Millisecond)) // has nothing to do with any round
		began := time.Now()
		l.publish(queues[i], 1)
		e := l.becomes(streams[i], true)
		pushed = append(pushed, time.Since(began))
		if !e.WokenAt.IsZero() { // a refresh may be the first to see it
			woken++
		}

		began = time.Now()
		l.publish(consumed, 1)
		<-deliveries
		delivered = append(delivered, time.Since(began))
	}
	t.Logf("published -> pushed, of %d triggers: %s; published -> consumed: %s", triggers, spread(pushed), spread(delivered))
	if woken < messages/2 {
		t.Errorf("only %d of %d pushes were looked for", woken, messages)
	}
}

// connections counts those of this process to the broker's AMQP port.
func (l *lab) connections() int {
	l.t.Helper()
	count, err := process.ConnectionsTo(os.Getpid(), l.broker.Port())
	if err != nil {
		l.t.Fatal(err)
	}
	return count
}

// tellCost logs the processor time that the broker and this process use while nothing happens.
func (l *lab) tellCost() {
	l.t.Helper()
	const span = 3 * time.Second
	used := func(pid int) time.Duration {
		cpu, err := process.CPU(pid)
		if err != nil {
			l.t.Fatal(err)
		}
		return cpu
	}
	server, own := used(l.broker.PID()), used(os.Getpid())
	<-time.After(span)
	seconds := span.Seconds()
	l.t.Logf("CPU per second while idle: broker %.0f ms, this process %.0f ms",
		(used(l.broker.PID())-server).Seconds()*1000/seconds, (used(os.Getpid())-own).Seconds()*1000/seconds)
}

func spread(took []time.Duration) string {
	took = slices.Clone(took)
	slices.Sort(took)
	at := func(percent int) time.Duration { return took[len(took)*percent/100].Round(100 * time.Microsecond) }
	return fmt.Sprintf("p50 %s, p99 %s", at(50), at(99))
}
