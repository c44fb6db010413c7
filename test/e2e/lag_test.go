package e2e_test

import (
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	autoscalingv2 "k8s.io/api/autoscaling/v2"

	pb "github.com/lagwise/lagwise/proto/externalscaler"
	"github.com/lagwise/lagwise/test/e2e/stage"
)

// Records wake a Deployment at the next poll, lag makes it grow to its partitions and no further, its consumers drain the
// topic, and it sleeps again after its cool-down.
func TestLagScalesOutAndBackToZero(t *testing.T) {
	t.Parallel()
	s := shared.Scenario(t)
	const partitions, records, more = 3, 360, 12
	topic, group := s.Topic("receipts", partitions), s.Group("receipts")
	for partition := range int32(partitions) {
		s.Commit(group, topic, partition, 0)
	}
	s.Deploy("receipts", s.Consumer(topic, group, "-work=250ms"))
	// KEDA's way to cap lets lag 31 to 39 pass for three replicas, of which the HPA makes four when it looks just then.
	ceil := stage.Set("ceil", "spec", "triggers", 0, "metadata", "capRounding")
	s.Apply("kafka-polled-zero.yaml", ceil, stage.Set(5, "spec", "cooldownPeriod"))
	s.AwaitCondition("receipts", "Ready", "True")
	replicas := s.Replicas("receipts")
	if most := replicas.Most(); most != 0 {
		t.Fatalf("%d replicas before the first record", most)
	}

	produced := time.Now()
	for partition := range int32(partitions) {
		s.Produce(topic, partition, records/partitions)
	}
	s.Figure("records -> Deployment at 1", replicas.Reach(1, stage.Patience).At.Sub(produced))
	s.Figure("records -> Deployment at 3", replicas.Reach(partitions, stage.Patience).At.Sub(produced))
	// The first pod may have drained a partition by itself before the last one has joined, which would find nothing to do.
	s.Eventually(stage.Patience, func() error {
		if now := replicas.Now(); now.Ready < partitions {
			return fmt.Errorf("%d of %d consumers have joined their group", now.Ready, partitions)
		}
		return nil
	})
	for partition := range int32(partitions) {
		s.Produce(topic, partition, more/partitions)
	}
	var done []stage.Record
	s.Eventually(stage.Patience, func() error {
		if done = s.Records(); len(distinct(done)) < records+more {
			return fmt.Errorf("%d of %d records are processed", len(distinct(done)), records+more)
		}
		return nil
	})
	drained := slices.MaxFunc(done, func(a, b stage.Record) int { return a.At.Compare(b.At) }).At
	s.Figure("records -> all processed", drained.Sub(produced))
	s.Figure("all processed -> Deployment at 0", replicas.Reach(0, stage.Patience).At.Sub(drained))

	if most := replicas.Most(); most != partitions {
		t.Errorf("want at most %d replicas, one for each partition, got %d: %s", partitions, most, replicas)
	}
	if pods := workers(done); len(pods) < partitions {
		t.Errorf("only %v processed anything", pods)
	}
}

// What the HPA says about its metric is what lagwise says to whoever asks it: value, target and name. Nothing consumes here,
// so the lag stands still.
func TestHPASeesWhatLagwiseSays(t *testing.T) {
	t.Parallel()
	s := shared.Scenario(t)
	const partitions = 4
	topic, group := s.Topic("receipts", partitions), s.Group("receipts")
	for partition := range int32(partitions) {
		s.Commit(group, topic, partition, 0)
	}
	s.Deploy("receipts", stage.Pause())
	applied := s.Apply("kafka-polled-zero.yaml")
	replicas := s.Replicas("receipts")

	for _, step := range []struct {
		records, replicas int
		value             float64
	}{
		{records: 25, replicas: 3, value: 25},
		// Ten replicas' worth of lag, and four partitions: the value is capped at what four replicas carry.
		{records: 75, replicas: partitions, value: partitions * 10},
	} {
		s.Produce(topic, 0, step.records)
		replicas.Reach(int32(step.replicas), stage.Patience)
		s.Eventually(stage.Patience, func() error {
			return agree(s, stage.Ref(applied, 0), step.value, step.replicas)
		})
	}
	if most := replicas.Most(); most > partitions {
		t.Errorf("%d replicas for %d partitions: %s", most, partitions, replicas)
	}
}

// agree says how the HPA, lagwise and what is wanted differ.
func agree(s *stage.Scenario, ref *pb.ScaledObjectRef, value float64, replicas int) error {
	ctx := s.Context()
	spec, err := s.Lagwise.Client.GetMetricSpec(ctx, ref)
	if err != nil {
		return err
	}
	metrics, err := s.Lagwise.Client.GetMetrics(ctx, &pb.GetMetricsRequest{ScaledObjectRef: ref})
	if err != nil {
		return err
	}
	hpa, err := s.HPA(ref.GetName())
	if err != nil {
		return err
	}
	if len(hpa.Status.CurrentMetrics) != 1 || hpa.Status.CurrentMetrics[0].External == nil {
		return fmt.Errorf("want one external metric, the HPA's status has %v", hpa.Status.CurrentMetrics)
	}
	said := spec.GetMetricSpecs()[0]
	if name := "s0-" + said.GetMetricName(); hpa.Spec.Metrics[0].External.Metric.Name != name {
		return fmt.Errorf("want metric %s, the HPA has %s", name, hpa.Spec.Metrics[0].External.Metric.Name)
	}
	if target := targetOf(hpa); target != said.GetTargetSizeFloat() {
		return fmt.Errorf("lagwise says target %v, the HPA has %v", said.GetTargetSizeFloat(), target)
	}
	if got := metrics.GetMetricValues()[0].GetMetricValueFloat(); got != value {
		return fmt.Errorf("want value %v, lagwise says %v", value, got)
	}
	// The HPA divides the value by the replicas, in thousandths that are rounded up.
	average := hpa.Status.CurrentMetrics[0].External.Current.AverageValue.AsApproximateFloat64()
	if hpa.Status.CurrentReplicas != int32(replicas) || math.Abs(average*float64(replicas)-value) > 0.001*float64(replicas) {
		return fmt.Errorf("want %v over %d replicas, the HPA has %v each over %d", value, replicas, average, hpa.Status.CurrentReplicas)
	}
	return nil
}

func targetOf(hpa *autoscalingv2.HorizontalPodAutoscaler) float64 {
	return hpa.Spec.Metrics[0].External.Target.AverageValue.AsApproximateFloat64()
}

// distinct leaves each record once, however often it was processed.
func distinct(records []stage.Record) map[[2]int64]bool {
	found := map[[2]int64]bool{}
	for _, record := range records {
		found[[2]int64{int64(record.Partition), record.Offset}] = true
	}
	return found
}

// workers are the pods that processed something.
func workers(records []stage.Record) []string {
	var pods []string
	for _, record := range records {
		if !slices.Contains(pods, record.Pod) {
			pods = append(pods, record.Pod)
		}
	}
	return pods
}
