package server

import (
	"context"
	"time"

	"github.com/grpc-ecosystem/go-grpc-middleware/v2/interceptors/recovery"
	"google.golang.org/grpc"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/keepalive"
)

// newTransport makes the gRPC server. Its streams end with the given context, and no panic of a handler goes past it.
//
// Connections have no maximum age, and no maximum of concurrent streams: KEDA puts every stream of every trigger on one
// connection, and waits longer each time it loses one (pkg/scalers/external_scaler.go, runStreamIsActive).
func newTransport(streams context.Context, options Options, failures *failures) *grpc.Server {
	recovers := recovery.WithRecoveryHandlerContext(failures.caught)
	return grpc.NewServer(append([]grpc.ServerOption{
		grpc.ForceServerCodecV2(newRepairing()),
		grpc.MaxRecvMsgSize(options.MaxReceiveBytes),
		grpc.MaxHeaderListSize(options.MaxHeaderBytes),
		// Clients may ping, also between calls; by default they would be thrown out for it.
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: 10 * time.Second, PermitWithoutStream: true}),
		// A client whose machine is gone says nothing. Its streams hold scalers, so find out in minutes, not hours.
		grpc.KeepaliveParams(keepalive.ServerParameters{Time: time.Minute, Timeout: 20 * time.Second}),
		grpc.ChainUnaryInterceptor(recovery.UnaryServerInterceptor(recovers)),
		grpc.ChainStreamInterceptor(recovery.StreamServerInterceptor(recovers), endWith(streams)),
	}, options.GRPC...)...)
}

// farewell is how long a health watch stays open at shutdown, to tell its client NOT_SERVING.
const farewell = 50 * time.Millisecond

// endWith ends the context of every stream with the given one. GracefulStop waits for streams without telling them, so
// they would hold it up until they are cut off, which KEDA takes for a failure.
func endWith(streams context.Context) grpc.StreamServerInterceptor {
	return func(service any, stream grpc.ServerStream, info *grpc.StreamServerInfo, handle grpc.StreamHandler) error {
		ctx, cancel := context.WithCancel(stream.Context())
		defer cancel()
		end := cancel
		if info.FullMethod == healthpb.Health_Watch_FullMethodName {
			end = func() { time.AfterFunc(farewell, cancel) }
		}
		defer context.AfterFunc(streams, end)()
		return handle(service, &endingStream{ServerStream: stream, ctx: ctx})
	}
}

type endingStream struct {
	grpc.ServerStream
	ctx context.Context //nolint:containedctx // grpc.ServerStream hands its context out; there is no other way to change it
}

func (s *endingStream) Context() context.Context { return s.ctx }
