package server

import (
	"context"
	"time"

	"google.golang.org/grpc"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
)

// admission is what every call passes: one interceptor for all of it, because each further one stays on the stack of every stream
// that waits.
type admission struct {
	guard    *Guard // nil when the server is unencrypted
	capacity capacity
	failures *failures
	// streams ends with the server.
	streams context.Context //nolint:containedctx // it bounds what is admitted, as Run's context bounds what runs
}

// enter lets a call in or says why not. leave is called when the call is over.
func (a *admission) enter(ctx context.Context, method string) (leave func(), err error) {
	if a.guard != nil {
		if err := a.guard.admit(ctx); err != nil {
			a.failures.turnedAway(ctx, method, err)
			return nil, err
		}
	}
	return a.capacity.enter(ctx, method)
}

func (a *admission) unary(ctx context.Context, request any, call *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (any, error) {
	arrived(ctx)
	leave, err := a.enter(ctx, call.FullMethod)
	if err != nil {
		return nil, err
	}
	defer leave()
	return handle(ctx, request)
}

func (a *admission) stream(service any, stream grpc.ServerStream, call *grpc.StreamServerInfo, handle grpc.StreamHandler) error {
	defer arrived(stream.Context())
	leave, err := a.enter(stream.Context(), call.FullMethod)
	if err != nil {
		return err
	}
	defer leave()
	ending := a.end(stream, call.FullMethod)
	defer ending.cancel()
	return handle(service, ending)
}

// farewell is how long a health watch stays open at shutdown, to tell its client NOT_SERVING.
const farewell = 50 * time.Millisecond

// end ends the context of a stream with that of all streams. GracefulStop waits for streams without telling them, so they would
// hold it up until they are cut off, which KEDA takes for a failure.
func (a *admission) end(stream grpc.ServerStream, method string) *endingStream {
	ctx, cancel := context.WithCancel(stream.Context())
	end := cancel
	if method == healthpb.Health_Watch_FullMethodName {
		end = func() { time.AfterFunc(farewell, cancel) }
	}
	forget := context.AfterFunc(a.streams, end)
	return &endingStream{ServerStream: stream, ctx: ctx, cancel: func() {
		forget()
		cancel()
	}}
}

type endingStream struct {
	grpc.ServerStream
	ctx    context.Context //nolint:containedctx // grpc.ServerStream hands its context out; there is no other way to change it
	cancel func()
}

func (s *endingStream) Context() context.Context { return s.ctx }

func (s *endingStream) RecvMsg(message any) error {
	err := s.ServerStream.RecvMsg(message)
	if err == nil {
		arrived(s.ctx)
	}
	return err //nolint:wrapcheck // gRPC's own
}
