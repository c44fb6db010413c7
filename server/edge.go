package server

import (
	"context"

	"google.golang.org/grpc"

	pb "github.com/lagwise/lagwise/proto/externalscaler"
)

// edge is what gRPC calls: it names each RPC and gives its error to failures, once.
type edge struct {
	pb.UnimplementedExternalScalerServer
	service *service
}

func (e *edge) GetMetricSpec(ctx context.Context, ref *pb.ScaledObjectRef) (*pb.GetMetricSpecResponse, error) {
	spec, err := e.service.getMetricSpec(ref)
	return spec, e.service.failures.status(ctx, "GetMetricSpec", ref, err)
}

func (e *edge) GetMetrics(ctx context.Context, request *pb.GetMetricsRequest) (*pb.GetMetricsResponse, error) {
	metrics, err := e.service.getMetrics(ctx, request)
	return metrics, e.service.failures.status(ctx, "GetMetrics", request.GetScaledObjectRef(), err)
}

func (e *edge) IsActive(ctx context.Context, ref *pb.ScaledObjectRef) (*pb.IsActiveResponse, error) {
	answer, err := e.service.isActive(ctx, ref)
	return answer, e.service.failures.status(ctx, "IsActive", ref, err)
}

func (e *edge) StreamIsActive(
	ref *pb.ScaledObjectRef, stream grpc.ServerStreamingServer[pb.IsActiveResponse],
) error {
	return e.service.failures.status(stream.Context(), "StreamIsActive", ref, e.service.streamIsActive(ref, stream))
}

func (e *edge) StreamMetricSpec(
	ref *pb.ScaledObjectRef, stream grpc.ServerStreamingServer[pb.GetMetricSpecResponse],
) error {
	return e.service.failures.status(stream.Context(), "StreamMetricSpec", ref, e.service.streamMetricSpec(ref, stream))
}
