package server

import (
	"context"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/status"

	pb "github.com/lagwise/lagwise/proto/externalscaler"
)

// edge is what gRPC calls: it names each RPC, gives its error to failures, once, and has it counted. Counting here rather
// than in an interceptor costs a call no allocation.
type edge struct {
	pb.UnimplementedExternalScalerServer
	service *service
}

func (e *edge) GetMetricSpec(ctx context.Context, ref *pb.ScaledObjectRef) (*pb.GetMetricSpecResponse, error) {
	began := time.Now()
	spec, err := e.service.getMetricSpec(ref)
	return spec, e.ended(ctx, "GetMetricSpec", ref, began, err)
}

func (e *edge) GetMetrics(ctx context.Context, request *pb.GetMetricsRequest) (*pb.GetMetricsResponse, error) {
	began := time.Now()
	metrics, err := e.service.getMetrics(ctx, request)
	return metrics, e.ended(ctx, "GetMetrics", request.GetScaledObjectRef(), began, err)
}

func (e *edge) IsActive(ctx context.Context, ref *pb.ScaledObjectRef) (*pb.IsActiveResponse, error) {
	began := time.Now()
	answer, err := e.service.isActive(ctx, ref)
	return answer, e.ended(ctx, "IsActive", ref, began, err)
}

func (e *edge) StreamIsActive(
	ref *pb.ScaledObjectRef, stream grpc.ServerStreamingServer[pb.IsActiveResponse],
) error {
	defer e.streaming("StreamIsActive")()
	began := time.Now()
	return e.ended(stream.Context(), "StreamIsActive", ref, began, e.service.streamIsActive(ref, stream))
}

func (e *edge) StreamMetricSpec(
	ref *pb.ScaledObjectRef, stream grpc.ServerStreamingServer[pb.GetMetricSpecResponse],
) error {
	defer e.streaming("StreamMetricSpec")()
	began := time.Now()
	return e.ended(stream.Context(), "StreamMetricSpec", ref, began, e.service.streamMetricSpec(ref, stream))
}

// ended makes an error fit for the wire, and has the call counted.
func (e *edge) ended(ctx context.Context, rpc string, ref *pb.ScaledObjectRef, began time.Time, err error) error {
	err = e.service.failures.status(ctx, rpc, ref, err)
	e.service.options.Meter.Answered(rpc, status.Code(err), time.Since(began))
	return err
}

// streaming counts a stream as open until the function that it returns is called.
func (e *edge) streaming(rpc string) (ended func()) {
	e.service.options.Meter.Streaming(rpc, 1)
	return func() { e.service.options.Meter.Streaming(rpc, -1) }
}
