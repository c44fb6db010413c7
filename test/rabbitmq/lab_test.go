//go:build rabbitmq

package rabbitmq_test

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/lagwise/lagwise/scalers"
	"github.com/lagwise/lagwise/scalers/rabbitmq"
	"github.com/lagwise/lagwise/scalers/rabbitmq/broker"
	"github.com/lagwise/lagwise/test/realrabbit"
)

// patience is how long anything may take that is sure to come.
const patience = time.Minute

// lab is lagwise's scaler on a broker, and somebody who fills queues there.
type lab struct {
	t       *testing.T
	broker  *realrabbit.Broker
	build   scalers.Factory
	channel *amqp.Channel
	options broker.Options
	pool    *broker.Pool
	grants  *rabbitmq.Connections
}

// newLab looks every 200 ms, and takes nothing for known that is older than a second.
func newLab(t *testing.T, on *realrabbit.Broker, further ...rabbitmq.Connection) *lab {
	t.Helper()
	return newLabWith(t, on, broker.Options{RefreshInterval: 200 * time.Millisecond, MaxSnapshotAge: time.Second}, further...)
}

// patientOptions are for labs that look once: the broker may be busy.
func patientOptions() broker.Options {
	return broker.Options{RefreshInterval: 200 * time.Millisecond, MaxSnapshotAge: patience}
}

// newLabWith looks as often as the options say. There are the connections prod and stranger, and further ones.
func newLabWith(t *testing.T, on *realrabbit.Broker, options broker.Options, further ...rabbitmq.Connection) *lab {
	t.Helper()
	l := &lab{t: t, broker: on, options: options}
	l.options.Log = slog.New(slog.NewTextHandler(t.Output(), nil))
	pool := broker.NewPool(l.options)
	l.pool = pool
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- pool.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		select {
		case err := <-ended:
			if err != nil {
				t.Error(err)
			}
		case <-time.After(patience):
			t.Error("the pool does not end")
		}
	})
	subscribe := func(name, namespace string, endpoint broker.Endpoint, want broker.Want) (rabbitmq.Subscription, error) {
		return pool.Subscribe(name, namespace, endpoint, want)
	}
	grants := map[string]rabbitmq.Grant{
		"prod": {Connection: rabbitmq.Connection{
			Name: "prod", AMQP: on.Address(), Management: "http://" + on.ManagementAddress(), Vhost: "/",
			Username: realrabbit.User, Password: realrabbit.Password,
		}},
		"stranger": {Connection: rabbitmq.Connection{Name: "stranger", AMQP: on.Address(), Management: "http://" + on.ManagementAddress(), Vhost: "/", Username: "stranger", Password: "hunter2"}},
	}
	for _, connection := range further {
		grants[connection.Name] = rabbitmq.Grant{Connection: connection}
	}
	l.grants = rabbitmq.NewConnections(grants, true, "*")
	l.build = rabbitmq.New(subscribe, l.grants, l.options.Log)
	l.connect()
	return l
}

// connect makes the channel by which the test fills queues.
func (l *lab) connect() {
	l.t.Helper()
	l.channel = channelTo(l.t, l.broker)
	if err := l.channel.Confirm(false); err != nil {
		l.t.Fatal(err)
	}
}

func channelTo(t *testing.T, broker *realrabbit.Broker) *amqp.Channel {
	t.Helper()
	connection, err := amqp.Dial(broker.URL("/"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = connection.Close() })
	channel, err := connection.Channel()
	if err != nil {
		t.Fatal(err)
	}
	return channel
}

// queue makes an empty durable queue with a name of its own.
func (l *lab) queue(words ...string) string {
	l.t.Helper()
	name := fmt.Sprintf("%s-%08x", strings.Join(append([]string{"queue"}, words...), "-"), rand.Uint32())
	if _, err := l.channel.QueueDeclare(name, true, false, false, false, nil); err != nil {
		l.t.Fatal(err)
	}
	return name
}

// publish returns when the broker has the messages.
func (l *lab) publish(queue string, n int) {
	l.t.Helper()
	for range n {
		confirmed, err := l.channel.PublishWithDeferredConfirmWithContext(l.t.Context(), "", queue, false, false,
			amqp.Publishing{Body: []byte("message"), DeliveryMode: amqp.Persistent})
		if err != nil {
			l.t.Fatal(err)
		}
		if _, err := confirmed.WaitContext(l.t.Context()); err != nil {
			l.t.Fatal(err)
		}
	}
}

// scaler builds that of a trigger on the connection prod, unless the pairs of keys and values say otherwise.
func (l *lab) scaler(pairs ...string) scalers.Scaler {
	l.t.Helper()
	metadata := map[string]string{"scaler": "rabbitmq", "connection": "prod"}
	for i := 0; i < len(pairs); i += 2 {
		if metadata[pairs[i]] = pairs[i+1]; pairs[i] == "hostFromEnv" || pairs[i] == "host" {
			delete(metadata, "connection")
		}
	}
	scaler := l.build(scalers.Trigger{Namespace: "shop", Name: "orders", Metadata: metadata})
	l.t.Cleanup(func() {
		if open, is := scaler.(*rabbitmq.Scaler); is {
			_ = open.Close()
		}
	})
	return scaler
}

// eventually asks until the answer pleases.
func (l *lab) eventually(scaler scalers.Scaler, pleases func(scalers.Evaluation, error) bool) scalers.Evaluation {
	l.t.Helper()
	ctx, cancel := context.WithTimeout(l.t.Context(), patience)
	defer cancel()
	for {
		evaluation, err := scaler.Evaluate(ctx)
		if pleases(evaluation, err) {
			return evaluation
		}
		select {
		case <-ctx.Done():
			l.t.Fatalf("still %+v, %v", evaluation, err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func (l *lab) eventuallyValue(scaler scalers.Scaler, value float64) scalers.Evaluation {
	l.t.Helper()
	return l.eventually(scaler, func(e scalers.Evaluation, err error) bool { return err == nil && e.Value == value })
}

// follow opens a stream about a trigger: what is seen comes through the channel.
func (l *lab) follow(scaler scalers.Scaler) <-chan scalers.Evaluation {
	l.t.Helper()
	watcher, is := scaler.(scalers.Watcher)
	if !is {
		l.t.Fatalf("%T is no Watcher", scaler)
	}
	seen := make(chan scalers.Evaluation, 1000)
	ctx, stop := context.WithCancel(l.t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if err := watcher.Watch(ctx, func(e scalers.Evaluation) error { seen <- e; return nil }); err != nil {
			l.t.Error(err)
		}
	}()
	l.t.Cleanup(func() { stop(); <-ended })
	return seen
}

// becomes waits for an evaluation that is active or not.
func (l *lab) becomes(seen <-chan scalers.Evaluation, active bool) scalers.Evaluation {
	l.t.Helper()
	timeout := time.After(patience)
	for {
		select {
		case e := <-seen:
			if e.Active == active {
				return e
			}
		case <-timeout:
			l.t.Fatalf("never active=%t", active)
		}
	}
}
