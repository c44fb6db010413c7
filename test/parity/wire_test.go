package parity_test

import (
	"context"
	"testing"

	"github.com/kedacore/keda/v2/pkg/scalers/externalscaler"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

func connect(t *testing.T, address string) *grpc.ClientConn {
	t.Helper()
	connection, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = connection.Close() })
	return connection
}

// testWire speaks to lagwise with the client that KEDA itself is built with, all five questions.
func testWire(t *testing.T, s *stage) {
	topic, group, err := s.fixedTopic(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), caseTimeout)
	defer cancel()
	client := externalscaler.NewExternalScalerClient(connect(t, s.usual))
	ref := &externalscaler.ScaledObjectRef{
		Namespace: "shop", Name: "worker", ScalerMetadata: s.plain(topic.name, group, "lagThreshold", "5").metadata,
	}
	name := "kafka-" + topic.name
	checkSpec := func(from string, specs []*externalscaler.MetricSpec) {
		t.Helper()
		if len(specs) != 1 || specs[0].GetMetricName() != name || specs[0].GetTargetSize() != 5 || specs[0].GetTargetSizeFloat() != 5 {
			t.Errorf("%s: %v, want %s with target 5 in both forms", from, specs, name)
		}
	}

	spec, err := client.GetMetricSpec(ctx, ref)
	if err != nil {
		t.Fatal(err)
	}
	checkSpec("GetMetricSpec", spec.GetMetricSpecs())

	values, err := client.GetMetrics(ctx, &externalscaler.GetMetricsRequest{ScaledObjectRef: ref, MetricName: name})
	if err != nil {
		t.Fatal(err)
	}
	if all := values.GetMetricValues(); len(all) != 1 || all[0].GetMetricName() != name || all[0].GetMetricValue() != 7 || all[0].GetMetricValueFloat() != 7 {
		t.Errorf("GetMetrics: %v, want %s with value 7 in both forms", all, name)
	}

	active, err := client.IsActive(ctx, ref)
	if err != nil || !active.GetResult() {
		t.Errorf("IsActive: %v, %v", active, err)
	}

	activity, err := client.StreamIsActive(ctx, ref)
	if err != nil {
		t.Fatal(err)
	}
	if active, err := activity.Recv(); err != nil || !active.GetResult() {
		t.Errorf("StreamIsActive: %v, %v", active, err)
	}

	specs, err := client.StreamMetricSpec(ctx, ref)
	if err != nil {
		t.Fatal(err)
	}
	streamed, err := specs.Recv()
	if err != nil {
		t.Fatal(err)
	}
	checkSpec("StreamMetricSpec", streamed.GetMetricSpecs())
}
