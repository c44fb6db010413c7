package server_test

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/test/bufconn"

	pb "github.com/lagwise/lagwise/proto/externalscaler"
	"github.com/lagwise/lagwise/scalers"
	"github.com/lagwise/lagwise/server"
)

// fakeScaler answers what its fields say; a nil field gives the answer of an idle trigger.
type fakeScaler struct {
	metric   func() scalers.Metric
	evaluate func(ctx context.Context) (scalers.Evaluation, error)
}

func (f *fakeScaler) Metric() scalers.Metric {
	if f.metric == nil {
		return scalers.Metric{Name: "kafka-orders", Target: 10}
	}
	return f.metric()
}

func (f *fakeScaler) Evaluate(ctx context.Context) (scalers.Evaluation, error) {
	if f.evaluate == nil {
		return scalers.Evaluation{}, nil
	}
	return f.evaluate(ctx)
}

// fakeWatcher is a fakeScaler that tells of every answer put into next.
type fakeWatcher struct {
	fakeScaler
	watch func(ctx context.Context, seen func(scalers.Evaluation) error) error
}

func (f *fakeWatcher) Watch(ctx context.Context, seen func(scalers.Evaluation) error) error {
	return f.watch(ctx, seen)
}

// lender lends one scaler for every trigger and counts its leases.
type lender struct {
	scaler scalers.Scaler
	err    error

	mu   sync.Mutex
	held int
	lent []scalers.Trigger
}

func lend(scaler scalers.Scaler) *lender { return &lender{scaler: scaler} }

func (l *lender) Acquire(trigger scalers.Trigger) (scalers.Scaler, func(), error) {
	if l.err != nil {
		return nil, nil, l.err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.held++
	l.lent = append(l.lent, trigger)
	return l.scaler, l.release, nil
}

func (l *lender) release() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.held--
}

func (l *lender) leases() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.held
}

// always answers every evaluation alike.
func always(evaluation scalers.Evaluation, err error) *fakeScaler {
	return &fakeScaler{evaluate: func(context.Context) (scalers.Evaluation, error) { return evaluation, err }}
}

// running is a server and a client connected to it.
type running struct {
	pb.ExternalScalerClient
	connection *grpc.ClientConn
	listener   *bufconn.Listener
	stop       context.CancelFunc
	ended      chan struct{} // closed once Run has returned
}

// serve runs a server until the test ends, and then sees to it that Run returns without an error and without leases.
func serve(t *testing.T, lent server.Scalers, options server.Options) *running {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	r := &running{listener: bufconn.Listen(1 << 20), stop: stop, ended: make(chan struct{})}
	go func() {
		defer close(r.ended)
		if err := server.New(lent, options).Run(ctx, r.listener); err != nil {
			t.Errorf("Run: %v", err)
		}
	}()
	r.connection = r.dial(t)
	r.ExternalScalerClient = pb.NewExternalScalerClient(r.connection)
	t.Cleanup(func() {
		stop()
		<-r.ended
		if l, ok := lent.(*lender); ok && l.leases() != 0 {
			t.Errorf("%d leases are still held after Run", l.leases())
		}
	})
	return r
}

func (r *running) dial(t *testing.T) *grpc.ClientConn {
	t.Helper()
	connection, err := grpc.NewClient("passthrough:///server",
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return r.listener.DialContext(ctx) }))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = connection.Close() })
	return connection
}

func ref() *pb.ScaledObjectRef {
	return &pb.ScaledObjectRef{
		Namespace: "shop", Name: "orders", ScalerMetadata: map[string]string{"topic": "orders"},
	}
}

func wantCode(t *testing.T, err error, want codes.Code) {
	t.Helper()
	if got := status.Code(err); got != want {
		t.Errorf("code %v (%v), want %v", got, err, want)
	}
}

// pushed records when a stream said "active", counted from now, and how it ended.
type pushed struct {
	mu    sync.Mutex
	at    []time.Duration
	ended error
}

func record(stream grpc.ServerStreamingClient[pb.IsActiveResponse]) *pushed {
	p, start := &pushed{}, time.Now()
	go func() {
		for {
			answer, err := stream.Recv()
			p.mu.Lock()
			if err != nil {
				p.ended = err
				p.mu.Unlock()
				return
			}
			if !answer.GetResult() {
				p.ended = errors.New("the stream said inactive")
			}
			p.at = append(p.at, time.Since(start))
			p.mu.Unlock()
		}
	}()
	return p
}

func (p *pushed) times() []time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]time.Duration(nil), p.at...)
}

func (p *pushed) end() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.ended
}

func wantEOF(t *testing.T, err error) {
	t.Helper()
	if !errors.Is(err, io.EOF) {
		t.Errorf("the stream ended with %v, want io.EOF", err)
	}
}
