package server

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/reflection"

	pb "github.com/lagwise/lagwise/proto/externalscaler"
	"github.com/lagwise/lagwise/scalers"
)

// Server answers KEDA over gRPC.
type Server struct {
	scalers Scalers
	options Options
	serving atomic.Bool
}

// New makes a Server that asks the given scalers.
func New(lent Scalers, options Options) *Server {
	return &Server{scalers: lent, options: options.withDefaults()}
}

// Run serves on the listener, which it closes, until the context ends; every goroutine that it starts has ended when it
// returns, except evaluations and watches that ignore their contexts beyond ShutdownTimeout.
//
// When the context ends the health service says NOT_SERVING, streams end without an error (KEDA takes any other end for
// a failure and waits up to a minute before it comes back), calls in flight are answered, and then Run returns nil. What
// is still open after ShutdownTimeout is cut off. Run returns an error only when the listener fails.
func (s *Server) Run(ctx context.Context, listener net.Listener) error {
	// Streams must outlast the context's end until the health service has said so.
	streams, endStreams := context.WithCancel(context.WithoutCancel(ctx))
	defer endStreams()

	var running sync.WaitGroup
	failures := newFailures(s.options.Log)
	transport := newTransport(streams, s.options, failures)
	alive := health.NewServer()
	alive.SetServingStatus(pb.ExternalScaler_ServiceDesc.ServiceName, healthpb.HealthCheckResponse_SERVING)
	healthpb.RegisterHealthServer(transport, alive)
	reflection.Register(transport)
	pb.RegisterExternalScalerServer(transport, &edge{service: s.newService(failures, &running)})

	served := make(chan error, 1)
	running.Go(func() { served <- transport.Serve(listener) })
	s.serving.Store(true)

	var failed error
	select {
	case err := <-served:
		failed = fmt.Errorf("serving gRPC on %v: %w", listener.Addr(), err)
	case <-ctx.Done():
	}
	s.serving.Store(false)
	alive.Shutdown()
	endStreams()
	stop(transport, &running, s.options.ShutdownTimeout, s.options.Log)
	return failed
}

// Serving says whether questions are answered: true from the moment that Run serves until its context ends or its listener
// fails. A source that is out of reach changes nothing: that is an answer, too.
func (s *Server) Serving() bool { return s.serving.Load() }

func (s *Server) newService(failures *failures, running *sync.WaitGroup) *service {
	return &service{
		scalers: s.scalers,
		evaluator: &evaluator{
			scalers:   s.scalers,
			timeout:   s.options.EvaluateTimeout,
			log:       s.options.Log,
			running:   running,
			abandoned: make(map[scalers.Scaler]int),
		},
		failures: failures,
		options:  s.options,
		streams:  &streamShares{most: onAllConnections(s.options.MaxStreams)},
	}
}

// stop waits for calls in flight and what they left running, cuts them off after the time-out, and then waits one
// second more at most: a goroutine that heeds nothing must not keep the process.
func stop(transport *grpc.Server, running *sync.WaitGroup, timeout time.Duration, log *slog.Logger) {
	finished := make(chan struct{})
	go func() {
		defer close(finished)
		transport.GracefulStop() // returns when all handlers have, even if cut off by Stop
		running.Wait()
	}()

	select {
	case <-finished:
		return
	case <-time.After(timeout):
		log.Warn("calls still open at the end of the shutdown time-out are cut off", "timeout", timeout)
	}
	transport.Stop()
	select {
	case <-finished:
	case <-time.After(time.Second):
		log.Error("left behind: calls or evaluations that ignore their contexts")
	}
}
