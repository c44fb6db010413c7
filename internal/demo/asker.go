package demo

import (
	"context"
	"fmt"
	"maps"
	"strconv"

	"google.golang.org/grpc/status"

	pb "github.com/lagwise/lagwise/proto/externalscaler"
)

// namespace is where the demo's ScaledObjects would be.
const namespace = "demo"

// refOf names an app as KEDA does: with the trigger's metadata as its author would write them.
func refOf(a app, bootstrapServers string) *pb.ScaledObjectRef {
	metadata := maps.Clone(a.keys)
	metadata["bootstrapServers"] = bootstrapServers
	return &pb.ScaledObjectRef{Name: a.name, Namespace: namespace, ScalerMetadata: metadata}
}

// asker asks lagwise about one app's trigger, as KEDA does.
type asker struct {
	client pb.ExternalScalerClient
	ref    *pb.ScaledObjectRef
	metric *pb.MetricSpec
	// single are triggers that count one partition each: a metric is one number, and the table shows one for each
	// partition.
	single []*pb.ScaledObjectRef
}

// newAsker asks for the metric's name and target, which KEDA does once.
func newAsker(ctx context.Context, client pb.ExternalScalerClient, ref *pb.ScaledObjectRef, partitions int32) (*asker, error) {
	specs, err := client.GetMetricSpec(ctx, ref)
	if err != nil {
		return nil, fmt.Errorf("asking for the metric of %s: %w", ref.GetName(), err)
	}
	if len(specs.GetMetricSpecs()) != 1 {
		return nil, fmt.Errorf("asking for the metric of %s: %d metrics, want 1", ref.GetName(), len(specs.GetMetricSpecs()))
	}
	a := &asker{client: client, ref: ref, metric: specs.GetMetricSpecs()[0]}
	for id := range partitions {
		a.single = append(a.single, singlePartition(ref, id))
	}
	return a, nil
}

func singlePartition(ref *pb.ScaledObjectRef, id int32) *pb.ScaledObjectRef {
	metadata := map[string]string{"partitionLimitation": strconv.Itoa(int(id)), "allowIdleConsumers": "true"}
	for _, key := range []string{"bootstrapServers", "consumerGroup", "topic"} {
		metadata[key] = ref.GetScalerMetadata()[key]
	}
	return &pb.ScaledObjectRef{Name: ref.GetName(), Namespace: namespace, ScalerMetadata: metadata}
}

// answer is what lagwise says about a trigger at one instant.
type answer struct {
	value  float64
	active bool
	// lags are the lags of the partitions.
	lags []int64
	// failure is what lagwise said instead; the rest is empty then.
	failure string
	// settled says that all of it is of one observation of Kafka.
	settled bool
}

// ask asks for everything. Lagwise may observe Kafka between two questions, so the trigger is asked before and after its
// partitions. One that was woken by a record is observed before its neighbours: then it knows of work, and they do not.
func (a *asker) ask(ctx context.Context) (answer, error) {
	before, err := a.answer(ctx)
	if err != nil || before.failure != "" {
		return before, err
	}
	lags, err := a.lags(ctx)
	if err != nil {
		return a.failed(ctx, err)
	}
	got, err := a.answer(ctx)
	if err != nil || got.failure != "" {
		return got, err
	}
	got.lags = lags
	got.settled = got.value == before.value && got.active == before.active && (got.value == 0 || sum(lags) > 0)
	return got, nil
}

// answer asks the two questions that KEDA asks at each poll.
func (a *asker) answer(ctx context.Context) (answer, error) {
	value, err := a.value(ctx, a.ref)
	if err != nil {
		return a.failed(ctx, err)
	}
	activity, err := a.client.IsActive(ctx, a.ref)
	if err != nil {
		return a.failed(ctx, err)
	}
	return answer{value: value, active: activity.GetResult()}, nil
}

func (a *asker) value(ctx context.Context, ref *pb.ScaledObjectRef) (float64, error) {
	metrics, err := a.client.GetMetrics(ctx, &pb.GetMetricsRequest{ScaledObjectRef: ref, MetricName: a.metric.GetMetricName()})
	if err != nil {
		return 0, err
	}
	var value float64
	for _, part := range metrics.GetMetricValues() {
		value += part.GetMetricValueFloat()
	}
	return value, nil
}

func (a *asker) lags(ctx context.Context) ([]int64, error) {
	lags := make([]int64, len(a.single))
	for i, ref := range a.single {
		lag, err := a.value(ctx, ref)
		if err != nil {
			return nil, err
		}
		lags[i] = int64(lag)
	}
	return lags, nil
}

// failed makes an answer of what lagwise said instead of one. The end of the demo is no answer.
func (a *asker) failed(ctx context.Context, err error) (answer, error) {
	if ctx.Err() != nil {
		return answer{}, ctx.Err()
	}
	said := status.Convert(err)
	return answer{failure: fmt.Sprintf("%s: %s", said.Code(), said.Message()), settled: true}, nil
}

func sum(lags []int64) int64 {
	var total int64
	for _, lag := range lags {
		total += lag
	}
	return total
}
