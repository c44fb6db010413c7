//go:build rabbitmq

package rabbitmq_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/lagwise/lagwise/scalers"
	"github.com/lagwise/lagwise/scalers/rabbitmq/broker"
	"github.com/lagwise/lagwise/test/realrabbit"
)

// Queues whose processes do not answer cost the triggers of other queues nothing: neither an error nor a push, and new ones are answered at
// once. They are answered for again soon after they go on.
func TestStuckQueuesDisturbNobody(t *testing.T) {
	const interval = 2 * time.Second
	l := newLabWith(t, shared, broker.Options{RefreshInterval: interval, MaxSnapshotAge: 2 * interval, RequestTimeout: time.Second})
	queue := l.queue()
	seen := l.follow(l.scaler("queueName", queue, "protocol", "amqp"))
	l.becomes(seen, false)
	healthy := l.scaler("queueName", queue, "protocol", "amqp")
	var stuck []scalers.Scaler
	var names []string
	for range 40 {
		name := l.queue("stuck")
		l.publish(name, 1)
		names = append(names, name)
		stuck = append(stuck, l.scaler("queueName", name, "protocol", "amqp"))
		l.eventuallyValue(stuck[len(stuck)-1], 1)
	}
	suspend(t, l.broker, names, "suspend")
	for _, one := range stuck {
		l.eventually(one, func(_ scalers.Evaluation, err error) bool {
			cause, _ := scalers.CauseOf(err)
			return cause == scalers.CauseTimedOut
		})
	}
	for range 10 {
		l.publish(queue, 1)
		began := time.Now()
		l.becomes(seen, true)
		if took := time.Since(began); took > interval {
			t.Errorf("pushed after %s", took)
		}
		e, err := healthy.Evaluate(t.Context())
		if age := time.Since(e.ObservedAt); err != nil || age > 2*interval {
			t.Errorf("a healthy queue: %s old, %v", age, err)
		}
		began = time.Now()
		fresh, err := l.scaler("queueName", l.queue(), "protocol", "amqp").Evaluate(t.Context())
		if took := time.Since(began); err != nil || took > time.Second {
			t.Errorf("a new trigger: %+v after %s, %v", fresh, took, err)
		}
		if _, err := l.channel.QueuePurge(queue, false); err != nil {
			t.Fatal(err)
		}
		l.becomes(seen, false)
	}
	suspend(t, l.broker, names, "resume")
	for _, one := range stuck {
		l.eventuallyValue(one, 1)
	}
}

// suspend has the processes of queues answer nothing, or resume.
func suspend(t *testing.T, on *realrabbit.Broker, queues []string, how string) {
	t.Helper()
	err := on.Eval(t.Context(), fmt.Sprintf(
		`[begin {ok, Q} = rabbit_amqqueue:lookup(rabbit_misc:r(<<"/">>, queue, N)), sys:%s(amqqueue:get_pid(Q)) end || N <- [<<%s>>]].`,
		how, `"`+strings.Join(queues, `">>, <<"`)+`"`))
	if err != nil {
		t.Fatal(err)
	}
}

// The statistics of a queue come some seconds after it was made. Its totals are there at once.
func TestAQueueThatWasJustMade(t *testing.T) {
	t.Parallel()
	l := newLabWith(t, shared, patientOptions())
	for range 10 {
		queue := l.queue()
		l.publish(queue, 2)
		e, err := l.scaler("queueName", queue, "protocol", "http").Evaluate(t.Context())
		if err != nil || e.Value > 2 {
			t.Fatalf("%+v, %v", e, err)
		}
	}
}

// The URL's protocol decides in KEDA whether unacknowledged messages count. With a connection that has management they do.
func TestUnacknowledgedMessagesCountByDefault(t *testing.T) {
	t.Parallel()
	l := newLabWith(t, shared, patientOptions())
	queue := l.queue()
	l.publish(queue, 6)
	for range 6 {
		if _, found, err := l.channel.Get(queue, false); err != nil || !found {
			t.Fatal(found, err)
		}
	}
	if e := l.eventuallyValue(l.scaler("queueName", queue), 6); !e.Active {
		t.Errorf("%+v", e)
	}
}

// A stream keeps its messages after they were consumed, as KEDA counts them. The answer names that.
func TestAStreamIsNamed(t *testing.T) {
	t.Parallel()
	l := newLabWith(t, shared, patientOptions())
	name := l.queue() + "-log"
	if _, err := l.channel.QueueDeclare(name, true, false, false, false, amqp.Table{amqp.QueueTypeArg: "stream"}); err != nil {
		t.Fatal(err)
	}
	l.publish(name, 12)
	e := l.eventuallyValue(l.scaler("queueName", name), 12)
	if !strings.Contains(fmt.Sprint(e.Reasons), "is a stream") {
		t.Errorf("%+v", e.Reasons)
	}
}

// Without the collector of statistics messages are counted by their totals, and rates are refused by name.
func TestWithoutTheCollectorOfStatistics(t *testing.T) {
	l := newLabWith(t, started(t, realrabbit.Options{Settings: []string{"management_agent.disable_metrics_collector = true"}}), patientOptions())
	var all []scalers.Scaler
	for i := range 30 { // as many as are read as a list
		queue := l.queue()
		l.publish(queue, i%3)
		all = append(all, l.scaler("queueName", queue, "protocol", "http"))
	}
	for i, one := range all {
		l.eventuallyValue(one, float64(i%3))
	}
	queue := l.queue("some")
	l.publish(queue, 4)
	l.eventuallyValue(l.scaler("queueName", "^queue-some-", "useRegex", "true"), 4)
	l.eventually(l.scaler("queueName", queue, "mode", "MessageRate", "value", "5"), func(_ scalers.Evaluation, err error) bool {
		cause, _ := scalers.CauseOf(err)
		return cause == scalers.CauseRefused && strings.Contains(err.Error(), "disable_metrics_collector")
	})
}

// RabbitMQ names a refused password at once to a client that understands it. KEDA's call would end before it does otherwise.
func TestARefusedPasswordIsNamedFirst(t *testing.T) {
	t.Parallel()
	l := newLab(t, shared)
	queue := l.queue()
	for _, protocol := range []string{"amqp", "http"} {
		ctx, cancel := context.WithTimeout(t.Context(), 2500*time.Millisecond)
		_, err := l.scaler("queueName", queue, "connection", "stranger", "protocol", protocol).Evaluate(ctx)
		cancel()
		if cause, _ := scalers.CauseOf(err); cause != scalers.CauseUnauthenticated {
			t.Errorf("%s: %v", protocol, err)
		}
	}
}

// The tag monitoring gives no access to the queues of a vhost.
func TestMonitoringReadsNoForeignVhost(t *testing.T) {
	t.Parallel()
	put(t, "/api/vhosts/unseen", `{}`)
	put(t, "/api/queues/unseen/orders", `{"durable": true}`)
	put(t, "/api/users/watcher", `{"password": "hunter2", "tags": "monitoring"}`)
	url := "http://watcher:hunter2@" + shared.ManagementAddress() + "/unseen"
	l := newLabWith(t, shared, patientOptions())
	l.eventually(l.scaler("queueName", "orders", "hostFromEnv", url), func(_ scalers.Evaluation, err error) bool {
		cause, _ := scalers.CauseOf(err)
		return cause == scalers.CauseDenied
	})
	put(t, "/api/permissions/unseen/watcher", `{"configure": "^$", "write": "^$", "read": "^$"}`)
	l.eventuallyValue(l.scaler("queueName", "orders", "hostFromEnv", url), 0)
}
