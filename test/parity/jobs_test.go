package parity_test

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"testing"
	"time"

	keda "github.com/kedacore/keda/v2/apis/keda/v1alpha1"
	"github.com/kedacore/keda/v2/pkg/scaling/executor"
	"github.com/kedacore/keda/v2/pkg/scaling/scaledjob"
	v2 "k8s.io/api/autoscaling/v2"
	batch "k8s.io/api/batch/v1"
	core "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/tools/events"
	"k8s.io/metrics/pkg/apis/external_metrics"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	"github.com/lagwise/lagwise/internal/hpa"
)

// TestJobsAgreeWithKEDA lets KEDA's own executor start jobs beside random ones that run or wait already, and compares how many.
func TestJobsAgreeWithKEDA(t *testing.T) {
	t.Parallel()
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{batch.AddToScheme, core.AddToScheme, keda.AddToScheme} {
		if err := add(scheme); err != nil {
			t.Fatal(err)
		}
	}
	seed := rand.Uint64()
	random := rand.New(rand.NewPCG(seed, 0))
	bounds := map[hpa.JobBound]int{}
	for range 800 {
		ours, theirs := randomJobs(random)
		triggers := randomJobTriggers(random)
		running := random.IntN(8)
		pending := random.IntN(running + 1)
		got := ours.Poll(int64(running), int64(pending), triggers...)
		want := startedByKEDA(t, scheme, theirs, triggers, running, pending)
		if got.Start != int64(want) {
			t.Fatalf("seed %d: %+v, %d running of which %d pending, triggers %+v: lagwise says %+v, KEDA starts %d",
				seed, ours, running, pending, triggers, got, want)
		}
		bounds[got.Bound]++
	}
	for bound := hpa.JobsUnbound; bound <= hpa.JobsByQueue; bound++ {
		if bounds[bound] == 0 {
			t.Errorf("seed %d: bound %d was never met: %v", seed, bound, bounds)
		}
	}
}

func randomJobs(random *rand.Rand) (hpa.ScaledJob, *keda.ScaledJob) {
	ours := hpa.ScaledJob{Strategy: hpa.JobStrategy(random.IntN(4)), Together: hpa.Together(random.IntN(4))}
	theirs := &keda.ScaledJob{
		ObjectMeta: meta.ObjectMeta{Namespace: "shop", Name: "orders", UID: "1"},
		Spec:       keda.ScaledJobSpec{JobTargetRef: &batch.JobSpec{}},
	}
	theirs.Spec.ScalingStrategy = keda.ScalingStrategy{
		Strategy:                   []string{"default", "custom", "accurate", "eager"}[ours.Strategy],
		MultipleScalersCalculation: []string{"max", "min", "avg", "sum"}[ours.Together],
	}
	if random.IntN(2) == 0 {
		ours.MinReplicas = random.Int32N(6)
		theirs.Spec.MinReplicaCount = &ours.MinReplicas
	}
	if random.IntN(4) > 0 {
		ours.MaxReplicas, ours.HasMax = random.Int32N(12), true
		theirs.Spec.MaxReplicaCount = &ours.MaxReplicas
	}
	if ours.Strategy == hpa.CustomStrategy {
		ours.Deduction, ours.RunningShare = random.Int32N(3), float64(random.IntN(5))/4
		theirs.Spec.ScalingStrategy.CustomScalingQueueLengthDeduction = &ours.Deduction
		theirs.Spec.ScalingStrategy.CustomScalingRunningJobPercentage = strconv.FormatFloat(ours.RunningShare, 'g', -1, 64)
	}
	return ours, theirs
}

func randomJobTriggers(random *rand.Rand) []hpa.JobTrigger {
	triggers := make([]hpa.JobTrigger, 1+random.IntN(3))
	for i := range triggers {
		triggers[i] = hpa.JobTrigger{Metric: hpa.Metric{Value: 1000 * random.Int64N(30), Target: 500 * (1 + random.Int64N(10))}, Active: random.IntN(4) > 0}
	}
	return triggers
}

// startedByKEDA goes KEDA's whole way from metrics to jobs in an API server that is none.
func startedByKEDA(t *testing.T, scheme *runtime.Scheme, job *keda.ScaledJob, triggers []hpa.JobTrigger, running, pending int) int {
	t.Helper()
	var metrics []scaledjob.ScalerMetrics
	for _, trigger := range triggers {
		target := resource.NewMilliQuantity(trigger.Target, resource.DecimalSI)
		specs := []v2.MetricSpec{{External: &v2.ExternalMetricSource{
			Metric: v2.MetricIdentifier{Name: "m"}, Target: v2.MetricTarget{Type: v2.AverageValueMetricType, AverageValue: target},
		}}}
		values := []external_metrics.ExternalMetricValue{{MetricName: "m", Value: *resource.NewMilliQuantity(trigger.Value, resource.DecimalSI)}}
		queue, most, _ := scaledjob.CalculateQueueLengthAndMaxValue(values, specs, job.MaxReplicaCount())
		metrics = append(metrics, scaledjob.ScalerMetrics{QueueLength: queue, MaxValue: most, IsActive: trigger.Active})
	}
	active, queue, most, _ := scaledjob.IsScaledJobActive(metrics, job.Spec.ScalingStrategy.MultipleScalersCalculation, job.MinReplicaCount(), job.MaxReplicaCount())

	api := fake.NewClientBuilder().WithScheme(scheme).WithObjects(jobsThatRun(running, pending)...).Build()
	executor.NewScaleExecutor(api, nil, scheme, time.Second, events.NewFakeRecorder(10_000)).
		RequestJobScale(t.Context(), job, active, false, queue, most, executor.ScaleExecutorOptions{})
	var jobs batch.JobList
	if err := api.List(t.Context(), &jobs, client.InNamespace("shop")); err != nil {
		t.Fatal(err)
	}
	return len(jobs.Items) - running
}

func jobsThatRun(running, pending int) []client.Object {
	var objects []client.Object
	for i := range running {
		name := fmt.Sprintf("before-%d", i)
		objects = append(objects, &batch.Job{ObjectMeta: meta.ObjectMeta{
			Namespace: "shop", Name: name, Labels: map[string]string{"scaledjob.keda.sh/name": "orders"},
		}})
		if i >= pending {
			objects = append(objects, &core.Pod{
				ObjectMeta: meta.ObjectMeta{Namespace: "shop", Name: name, Labels: map[string]string{"job-name": name}},
				Status:     core.PodStatus{Phase: core.PodRunning},
			})
		}
	}
	return objects
}
