package server

import (
	"context"
	"time"

	"github.com/grpc-ecosystem/go-grpc-middleware/v2/interceptors/recovery"
	"google.golang.org/grpc"
	"google.golang.org/grpc/keepalive"
)

// newTransport makes the gRPC server. Its streams end with the given context, and no panic of a handler goes past it.
//
// Connections have no maximum age: KEDA puts every stream of every trigger on one connection, and waits longer each time it
// loses one (pkg/scalers/external_scaler.go, runStreamIsActive).
func newTransport(streams context.Context, options Options, failures *failures) *grpc.Server {
	recovers := recovery.WithRecoveryHandlerContext(failures.caught)
	admission := &admission{
		guard: options.Guard, capacity: capacity{most: int64(onAllConnections(options.MaxStreams)), failures: failures}, failures: failures, streams: streams,
	}
	if options.Guard != nil {
		options.GRPC = append([]grpc.ServerOption{grpc.Creds(observed(options.Guard.credentials(), options))}, options.GRPC...)
	}
	return grpc.NewServer(append([]grpc.ServerOption{
		grpc.ForceServerCodecV2(newRepairing()),
		grpc.MaxRecvMsgSize(options.MaxReceiveBytes),
		grpc.MaxHeaderListSize(options.MaxHeaderBytes),
		grpc.MaxConcurrentStreams(uint32(options.MaxStreams)), //nolint:gosec // a bound that somebody chose
		grpc.ConnectionTimeout(options.ConnectTimeout),
		grpc.InTapHandle(overdue(options.ConnectTimeout)),
		// Clients may ping, also between calls; by default they would be thrown out for it.
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: 10 * time.Second, PermitWithoutStream: true}),
		// A client whose machine is gone says nothing. Its streams hold scalers, so find out in minutes, not hours.
		grpc.KeepaliveParams(keepalive.ServerParameters{Time: time.Minute, Timeout: 20 * time.Second}),
		grpc.ChainUnaryInterceptor(recovery.UnaryServerInterceptor(recovers), admission.unary),
		grpc.ChainStreamInterceptor(recovery.StreamServerInterceptor(recovers), admission.stream),
	}, options.GRPC...)...)
}
