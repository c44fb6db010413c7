package server

import (
	"context"
	"sync"
	"testing"

	pb "github.com/lagwise/lagwise/proto/externalscaler"
	"github.com/lagwise/lagwise/scalers"
)

// KEDA asks for every trigger every few seconds, so what one question costs is paid all the time. The number is what it
// takes today with room for one more; gRPC's own allocations come on top.
func TestGetMetricsAllocatesLittle(t *testing.T) {
	const most = 7
	registry := scalers.NewRegistry(map[string]scalers.Factory{"kafka": func(scalers.Trigger) scalers.Scaler { return remembering{} }}, scalers.RegistryOptions{})
	options := Options{}.withDefaults()
	failures := newFailures(options.Log)
	var running sync.WaitGroup
	asked := &edge{service: New(registry, options).newService(failures, &running)}
	request := &pb.GetMetricsRequest{MetricName: "kafka-orders", ScaledObjectRef: &pb.ScaledObjectRef{
		Name: "orders", Namespace: "shop", ScalerMetadata: map[string]string{
			"bootstrapServers": "kafka:9092", "consumerGroup": "billing", "topic": "orders", "lagThreshold": "10",
		},
	}}

	allocations := testing.AllocsPerRun(1000, func() {
		if _, err := asked.GetMetrics(t.Context(), request); err != nil {
			t.Fatal(err)
		}
	})
	running.Wait()
	t.Logf("%.0f allocations", allocations)
	if allocations > most {
		t.Errorf("GetMetrics allocates %.0f times, want at most %d", allocations, most)
	}
}

// remembering is a scaler that answers from memory, as Kafka's does.
type remembering struct{ answering }

func (remembering) Known() (scalers.Evaluation, bool) {
	return scalers.Evaluation{Value: 42, Active: true}, true
}

// answering is a scaler that has to be asked.
type answering struct{}

func (answering) Metric() scalers.Metric { return scalers.Metric{Name: "kafka-orders", Target: 10} }

func (answering) Evaluate(context.Context) (scalers.Evaluation, error) {
	return scalers.Evaluation{Value: 42, Active: true}, nil
}
