package main

import (
	"context"
	"fmt"
	"maps"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	pb "github.com/lagwise/lagwise/proto/externalscaler"
)

// fleet is a number of push triggers on one lagwise, each with its stream open, all on one connection, as KEDA has it.
type fleet struct {
	pb.ExternalScalerClient
	lagwise    *lagwise
	connection *grpc.ClientConn
	// pushes receives every push.
	pushes chan push

	references []*pb.ScaledObjectRef
	stop       context.CancelFunc
	streams    sync.WaitGroup
}

// push is a "true" that arrived.
type push struct {
	trigger int
	at      time.Time
}

// connect makes a fleet without triggers.
func connect(subject *lagwise) (*fleet, error) {
	connection, err := grpc.NewClient(subject.address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return nil, fmt.Errorf("connecting to lagwise: %w", err)
	}
	return &fleet{
		ExternalScalerClient: pb.NewExternalScalerClient(connection), lagwise: subject, connection: connection,
		pushes: make(chan push, 1<<20), stop: func() {},
	}, nil
}

// fleet starts a lagwise with one push trigger for each group, drained and idle, and returns once each has answered.
func (l *lab) fleet(ctx context.Context, triggers int, flags ...string) (*fleet, error) {
	if err := l.operator.drainFleet(ctx, triggers, l.size.topics); err != nil {
		return nil, err
	}
	subject, err := l.lagwise(ctx, flags...)
	if err != nil {
		return nil, err
	}
	f, err := connect(subject)
	if err != nil {
		subject.Stop(stopGrace)
		return nil, err
	}
	for i := range triggers {
		f.references = append(f.references, l.reference(i, nil))
	}
	if err := f.open(ctx); err != nil {
		f.close()
		return nil, err
	}
	return f, nil
}

// reference is trigger i, with more keys than the usual ones, or other values.
func (l *lab) reference(i int, more map[string]string) *pb.ScaledObjectRef {
	metadata := map[string]string{
		"bootstrapServers": l.broker.Address(), "consumerGroup": groupName(i), "topic": topicName(i % l.size.topics), "lagThreshold": "10",
	}
	maps.Copy(metadata, more)
	return reference(fmt.Sprintf("worker-%d", i), metadata)
}

func reference(name string, metadata map[string]string) *pb.ScaledObjectRef {
	return &pb.ScaledObjectRef{Namespace: "bench", Name: name, ScalerMetadata: metadata}
}

// open opens every trigger's stream and waits until all triggers are known to be idle.
func (f *fleet) open(ctx context.Context) error {
	following, stop := context.WithCancel(ctx)
	f.stop = stop
	for i, ref := range f.references {
		f.streams.Go(func() { f.follow(following, i, ref) })
	}
	return f.awaitIdle(ctx)
}

// closeStreams ends the streams and keeps the connection.
func (f *fleet) closeStreams() {
	f.stop()
	f.streams.Wait()
}

func (f *fleet) close() {
	f.closeStreams()
	_ = f.connection.Close() // nothing is sent any more
	f.lagwise.Stop(stopGrace)
}

// follow keeps a trigger's stream open, as KEDA does: a stream that ends is opened again.
func (f *fleet) follow(ctx context.Context, trigger int, ref *pb.ScaledObjectRef) {
	for ctx.Err() == nil {
		stream, err := f.StreamIsActive(ctx, ref)
		for err == nil {
			if _, err = stream.Recv(); err == nil {
				f.pushes <- push{trigger, time.Now()}
			}
		}
		_ = sleep(ctx, 100*time.Millisecond) // the loop looks at ctx itself
	}
}

// awaitIdle returns once every trigger says that it is inactive.
func (f *fleet) awaitIdle(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(16)
	for _, ref := range f.references {
		group.Go(func() error {
			for {
				answer, err := f.IsActive(ctx, ref)
				if err == nil && !answer.GetResult() {
					return nil
				}
				if waiting := sleep(ctx, 200*time.Millisecond); waiting != nil {
					return fmt.Errorf("waiting for %s to be idle (%v, %w): %w", ref.GetName(), answer, err, waiting)
				}
			}
		})
	}
	return group.Wait() //nolint:wrapcheck // says it
}

// await returns when a trigger pushed, given that nothing else is expected to; pushes of other triggers are passed over.
func (f *fleet) await(ctx context.Context, trigger int) (time.Time, error) {
	timeout := time.NewTimer(30 * time.Second)
	defer timeout.Stop()
	for {
		select {
		case arrived := <-f.pushes:
			if arrived.trigger == trigger {
				return arrived.at, nil
			}
		case <-timeout.C:
			return time.Time{}, fmt.Errorf("trigger %d did not push within 30 s", trigger)
		case <-ctx.Done():
			return time.Time{}, ctx.Err()
		}
	}
}

// forget drops pushes that arrived already.
func (f *fleet) forget() {
	for {
		select {
		case <-f.pushes:
		default:
			return
		}
	}
}
