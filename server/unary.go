package server

import (
	"context"
	"strings"

	pb "github.com/lagwise/lagwise/proto/externalscaler"
	"github.com/lagwise/lagwise/scalers"
)

// service answers KEDA's five questions. Its errors are plain; edge makes them fit for the wire.
type service struct {
	scalers   Scalers
	evaluator *evaluator
	failures  *failures
	options   Options
	streams   *streamShares
}

// getMetricSpec always answers with exactly one valid spec and never evaluates: KEDA starts no scale loop without a
// spec, and shows its user nothing of an error (pkg/scalers/external_scaler.go, GetMetricSpecForScaling).
func (s *service) getMetricSpec(ref *pb.ScaledObjectRef) (*pb.GetMetricSpecResponse, error) {
	trigger, err := triggerOf(ref)
	if err != nil {
		return nil, err
	}
	metric, err := s.metricOf(trigger)
	if err != nil {
		return nil, err
	}
	return specOf(metric), nil
}

// getMetrics answers with exactly one value. The name that KEDA asks for is not looked at: a trigger has one metric, and
// KEDA uses none of the names that come back (pkg/scalers/external_scaler.go, GetMetricsAndActivity).
func (s *service) getMetrics(ctx context.Context, request *pb.GetMetricsRequest) (*pb.GetMetricsResponse, error) {
	trigger, err := triggerOf(request.GetScaledObjectRef())
	if err != nil {
		return nil, err
	}
	scaler, release, err := s.scalers.Acquire(trigger)
	if err != nil {
		return nil, err
	}
	evaluation, err := s.evaluator.evaluateLent(ctx, scaler, release)
	if err != nil {
		return nil, err
	}
	whole, fraction, err := wireValue(evaluation.Value)
	if err != nil {
		return nil, err
	}
	return &pb.GetMetricsResponse{MetricValues: []*pb.MetricValue{{
		MetricName:       wireName(scaler.Metric()),
		MetricValue:      whole,
		MetricValueFloat: fraction,
	}}}, nil
}

func (s *service) isActive(ctx context.Context, ref *pb.ScaledObjectRef) (*pb.IsActiveResponse, error) {
	trigger, err := triggerOf(ref)
	if err != nil {
		return nil, err
	}
	evaluation, err := s.evaluator.evaluate(ctx, trigger)
	if err != nil {
		return nil, err
	}
	return &pb.IsActiveResponse{Result: evaluation.Active}, nil
}

func (s *service) metricOf(trigger scalers.Trigger) (scalers.Metric, error) {
	scaler, release, err := s.scalers.Acquire(trigger)
	if err != nil {
		return scalers.Metric{}, err
	}
	defer release()
	return scaler.Metric(), nil
}

func specOf(metric scalers.Metric) *pb.GetMetricSpecResponse {
	whole, fraction := wireTarget(metric.Target)
	return &pb.GetMetricSpecResponse{MetricSpecs: []*pb.MetricSpec{{
		MetricName:      wireName(metric),
		TargetSize:      whole,
		TargetSizeFloat: fraction,
	}}}
}

// wireName guards against a name that protobuf would not carry.
func wireName(metric scalers.Metric) string {
	return strings.ToValidUTF8(metric.Name, "")
}
