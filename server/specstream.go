package server

import (
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	pb "github.com/lagwise/lagwise/proto/externalscaler"
)

// streamMetricSpec sends the trigger's spec when the stream opens and whenever it has changed, never an unchanged one:
// every message makes KEDA reconcile the ScaledObject (pkg/scaling/scale_handler.go, watchMetricSpecUpdates). It holds
// the scaler's lease, and ends without an error when the client goes or the server stops.
func (s *service) streamMetricSpec(
	ref *pb.ScaledObjectRef, stream grpc.ServerStreamingServer[pb.GetMetricSpecResponse],
) error {
	trigger, err := triggerOf(ref)
	if err != nil {
		return err
	}
	leave, err := s.streams.enter(trigger.Namespace)
	if err != nil {
		return err
	}
	defer leave()
	scaler, release, err := s.scalers.Acquire(trigger)
	if err != nil {
		return err
	}
	defer release()

	ticker := time.NewTicker(s.options.PollInterval)
	defer ticker.Stop()
	var sent *pb.GetMetricSpecResponse
	for {
		if spec := specOf(scaler.Metric()); sent == nil || !proto.Equal(spec, sent) {
			if err := stream.Send(spec); err != nil {
				return gone(err)
			}
			sent = spec
		}
		select {
		case <-stream.Context().Done():
			return nil
		case <-ticker.C:
		}
	}
}
