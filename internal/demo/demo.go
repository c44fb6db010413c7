package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"
	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	pb "github.com/lagwise/lagwise/proto/externalscaler"
)

// Options are what the demo is given.
type Options struct {
	// Listener is where lagwise is to answer, and Serve is lagwise: it serves there until its context ends.
	Listener net.Listener
	Serve    func(context.Context, net.Listener) error
	// Out is where to show it all. Size tells a terminal's columns and rows; nil prints plain lines.
	Out  io.Writer
	Size func() (columns, rows int)
}

// Run shows the demo until ctx ends.
func Run(ctx context.Context, options Options) error {
	kafkaBroker, err := startBroker()
	if err != nil {
		return errors.Join(err, options.Listener.Close())
	}
	defer kafkaBroker.close()
	producer, err := kafkaBroker.producer()
	if err != nil {
		return errors.Join(err, options.Listener.Close())
	}
	defer producer.Close()
	connection, err := grpc.NewClient(options.Listener.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return errors.Join(fmt.Errorf("connecting to lagwise: %w", err), options.Listener.Close())
	}
	defer func() { _ = connection.Close() }()

	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return options.Serve(ctx, options.Listener) })
	stage := &stage{broker: kafkaBroker, producer: producer, client: pb.NewExternalScalerClient(connection)}
	group.Go(func() error {
		err := stage.run(ctx, options)
		if ctx.Err() != nil {
			return nil //nolint:nilerr // the end of ctx is the demo's proper end, whatever it interrupted
		}
		return err
	})
	return group.Wait() //nolint:wrapcheck // each says what it was doing
}

// stage is what the demo plays on.
type stage struct {
	broker   *broker
	producer *kafka.Producer
	client   pb.ExternalScalerClient
}

// run sets everything up, explains it and lets it play.
func (s *stage) run(ctx context.Context, options Options) error {
	partitions := map[string]int32{}
	for _, b := range bursts() {
		count, err := s.broker.createTopic(b.topic)
		if err != nil {
			return err
		}
		partitions[b.topic] = count
	}
	stand := &keda{occurrences: make(chan occurrence, 16), bursts: map[string]time.Time{}, screen: screenOf(options)}
	for _, a := range apps() {
		joined, err := s.join(ctx, a, partitions[a.keys["topic"]])
		if err != nil {
			return err
		}
		stand.apps = append(stand.apps, joined)
	}
	plain, refused := stand.apps[0].asker, stand.apps[len(stand.apps)-1].asker
	text := heading(s.broker.address, options.Listener.Addr().String(), plain.ref, refused.ref, plain.metric.GetMetricName())
	if _, err := io.WriteString(options.Out, text); err != nil {
		return fmt.Errorf("printing: %w", err)
	}
	return s.play(ctx, stand, partitions)
}

// join introduces an app to Kafka and to lagwise.
func (s *stage) join(ctx context.Context, a app, partitions int32) (*scaled, error) {
	joined := &scaled{deployment: deployment{app: a, created: time.Now()}}
	if a.work > 0 {
		joined.fleet = newFleet(worker{broker: s.broker, topic: a.keys["topic"], group: a.keys["consumerGroup"], work: a.work}, partitions)
		if err := s.broker.commitStart(a.keys["consumerGroup"], a.keys["topic"], partitions); err != nil {
			return nil, err
		}
	}
	var err error
	if joined.asker, err = newAsker(ctx, s.client, refOf(a, s.broker.address), partitions); err != nil {
		return nil, err
	}
	joined.target = joined.asker.metric.GetTargetSizeFloat()
	return joined, nil
}

func (s *stage) play(ctx context.Context, stand *keda, partitions map[string]int32) error {
	stand.began = time.Now()
	group, ctx := errgroup.WithContext(ctx)
	for _, b := range bursts() {
		t := &traffic{burst: b, partitions: partitions[b.topic], producer: s.producer, began: stand.began, tell: stand.tell}
		group.Go(func() error { return t.run(ctx) })
	}
	for _, a := range stand.apps {
		if a.fleet != nil {
			group.Go(func() error { return a.fleet.run(ctx) })
		}
		if a.app.push {
			group.Go(func() error { return listen(ctx, s.client, a.asker.ref, stand.tell) })
		}
	}
	group.Go(func() error { return stand.run(ctx) })
	return group.Wait() //nolint:wrapcheck // each says what it was doing
}

func screenOf(options Options) screen { //nolint:ireturn // which of the two is decided here
	if options.Size == nil {
		return &plainScreen{to: options.Out}
	}
	return &terminalScreen{to: options.Out, size: options.Size}
}
