package main

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	pb "github.com/lagwise/lagwise/proto/externalscaler"
	"github.com/lagwise/lagwise/test/process"
	"github.com/lagwise/lagwise/test/realrabbit"
)

// plainQueue is the one of the plain consumer.
const plainQueue = "plain"

func queueName(i int) string { return fmt.Sprintf("q-%04d", i) }

// rabbitLab is one RabbitMQ with a queue for each trigger of the fleet, and a publisher.
type rabbitLab struct {
	*lab
	rabbit     *realrabbit.Broker
	connection *amqp.Connection
	channel    *amqp.Channel
	// received is when the plain consumer got each message.
	received chan time.Time
}

func newRabbitLab(ctx context.Context, l *lab) (_ *rabbitLab, err error) {
	r := &rabbitLab{lab: l, received: make(chan time.Time, 1)}
	defer func() {
		if err != nil {
			r.close()
		}
	}()
	if r.rabbit, err = realrabbit.Start(ctx, realrabbit.Options{}); err != nil {
		return nil, err
	}
	if r.connection, err = amqp.Dial(r.rabbit.URL("/")); err != nil {
		return nil, fmt.Errorf("connecting to RabbitMQ: %w", err)
	}
	if r.channel, err = r.connection.Channel(); err != nil {
		return nil, fmt.Errorf("opening a channel: %w", err)
	}
	for i := range l.size.fleet {
		if err := r.declare(queueName(i)); err != nil {
			return nil, err
		}
	}
	return r, r.consume()
}

func (r *rabbitLab) declare(queue string) error {
	if _, err := r.channel.QueueDeclare(queue, true, false, false, false, nil); err != nil {
		return fmt.Errorf("declaring %s: %w", queue, err)
	}
	return nil
}

// consume starts the plain consumer, on a connection of its own.
func (r *rabbitLab) consume() error {
	if err := r.declare(plainQueue); err != nil {
		return err
	}
	connection, err := amqp.Dial(r.rabbit.URL("/"))
	if err != nil {
		return fmt.Errorf("connecting a consumer: %w", err)
	}
	channel, err := connection.Channel()
	if err != nil {
		return fmt.Errorf("opening a consumer's channel: %w", err)
	}
	messages, err := channel.Consume(plainQueue, "", true, false, false, false, nil)
	if err != nil {
		return fmt.Errorf("consuming: %w", err)
	}
	go func() { // until the broker ends
		for range messages {
			r.received <- time.Now()
		}
	}()
	return nil
}

func (r *rabbitLab) close() {
	if r.connection != nil {
		_ = r.connection.Close() // the broker goes as well
	}
	if r.rabbit != nil {
		_ = r.rabbit.Stop()
	}
}

func (r *rabbitLab) publish(ctx context.Context, queue string) error {
	if err := r.channel.PublishWithContext(ctx, "", queue, false, false, amqp.Publishing{Body: []byte("x"), DeliveryMode: amqp.Persistent}); err != nil {
		return fmt.Errorf("publishing: %w", err)
	}
	return nil
}

func (r *rabbitLab) purge(queue string) error {
	if _, err := r.channel.QueuePurge(queue, false); err != nil {
		return fmt.Errorf("purging %s: %w", queue, err)
	}
	return nil
}

// way is how the broker is reached by one protocol.
type way struct {
	protocol string
	address  string // host:port
}

func (r *rabbitLab) ways() []way {
	return []way{{"amqp", r.rabbit.Address()}, {"http", r.rabbit.ManagementAddress()}}
}

func (w way) port() (int, error) {
	_, text, err := net.SplitHostPort(w.address)
	if err != nil {
		return 0, fmt.Errorf("the broker's address: %w", err)
	}
	return strconv.Atoi(text) //nolint:wrapcheck // it was made here
}

// fleet starts a lagwise with a push trigger for each queue, and returns once each has answered.
func (r *rabbitLab) fleet(ctx context.Context, w way) (*fleet, error) {
	password := filepath.Join(r.folder, "password")
	if err := os.WriteFile(password, []byte(realrabbit.Password), 0o600); err != nil {
		return nil, fmt.Errorf("writing a password: %w", err)
	}
	file := filepath.Join(r.folder, "lagwise.yaml")
	key := map[string]string{"amqp": "amqp", "http": "management"}[w.protocol]
	text := fmt.Sprintf("connections: [{name: rabbit, type: rabbitmq, %s: '%s://%s', username: %s, passwordFile: %s}]\n",
		key, w.protocol, w.address, realrabbit.User, password)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		return nil, fmt.Errorf("writing a configuration: %w", err)
	}
	subject, err := r.lagwise(ctx, "--config="+file)
	if err != nil {
		return nil, err
	}
	f, err := connect(subject)
	if err != nil {
		subject.Stop(stopGrace)
		return nil, err
	}
	for i := range r.size.fleet {
		f.references = append(f.references, rabbitReference(i, w))
	}
	if err := f.open(ctx); err != nil {
		f.close()
		return nil, err
	}
	return f, nil
}

func rabbitReference(i int, w way) *pb.ScaledObjectRef {
	return reference(fmt.Sprintf("worker-%d", i), map[string]string{
		"scaler": "rabbitmq", "connection": "rabbit", "queueName": queueName(i), "protocol": w.protocol, "mode": "QueueLength", "value": "10",
	})
}

// keda starts KEDA's scalers, one for each queue, and returns when each has answered once.
func (r *rabbitLab) keda(ctx context.Context, w way) (*process.Process, error) {
	program, err := r.program(ctx, "kedapeer")
	if err != nil {
		return nil, err
	}
	host := url.URL{Scheme: w.protocol, User: url.UserPassword(realrabbit.User, realrabbit.Password), Host: w.address, Path: "/"}
	return start(ctx, isPeerReady, program, "-rabbit="+host.String(), fmt.Sprintf("-triggers=%d", r.size.fleet))
}
