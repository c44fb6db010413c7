// Command emptyserver answers GetMetrics and IsActive with fixed messages, through the same transport as lagwise's: the
// same interceptors and limits, and nothing behind them. It is what lagwise's throughput is compared with.
package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"time"

	"github.com/grpc-ecosystem/go-grpc-middleware/v2/interceptors/recovery"
	"google.golang.org/grpc"
	"google.golang.org/grpc/keepalive"

	pb "github.com/lagwise/lagwise/proto/externalscaler"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "emptyserver:", err)
		os.Exit(1)
	}
}

func run() error {
	listener, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("listening: %w", err)
	}
	// As in lagwise's server/transport.go.
	recovers := recovery.WithRecoveryHandlerContext(func(context.Context, any) error { return errors.New("panicked") })
	server := grpc.NewServer(
		grpc.MaxRecvMsgSize(2<<20),
		grpc.MaxHeaderListSize(16<<10),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: 10 * time.Second, PermitWithoutStream: true}),
		grpc.KeepaliveParams(keepalive.ServerParameters{Time: time.Minute, Timeout: 20 * time.Second}),
		grpc.ChainUnaryInterceptor(recovery.UnaryServerInterceptor(recovers)),
	)
	pb.RegisterExternalScalerServer(server, empty{})
	fmt.Println(listener.Addr())
	return fmt.Errorf("serving: %w", server.Serve(listener))
}

type empty struct {
	pb.UnimplementedExternalScalerServer
}

func (empty) GetMetrics(context.Context, *pb.GetMetricsRequest) (*pb.GetMetricsResponse, error) {
	return &pb.GetMetricsResponse{MetricValues: []*pb.MetricValue{{MetricName: "kafka-t-0000"}}}, nil
}

func (empty) IsActive(context.Context, *pb.ScaledObjectRef) (*pb.IsActiveResponse, error) {
	return &pb.IsActiveResponse{}, nil
}
