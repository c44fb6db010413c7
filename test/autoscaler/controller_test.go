package autoscaler_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	autoscalingv1 "k8s.io/api/autoscaling/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes/fake"
	"k8s.io/client-go/scale"
	"k8s.io/klog/v2"
	autoscalingdefaults "k8s.io/kubernetes/pkg/apis/autoscaling/v2"
	"k8s.io/kubernetes/pkg/controller/podautoscaler"
	"k8s.io/kubernetes/pkg/controller/podautoscaler/metrics"

	"github.com/lagwise/lagwise/internal/hpa"
)

const namespace, name = "default", "consumer"

// target is the target of every metric, in whole numbers.
const target = 10

// world is what Kubernetes' controller sees: a Deployment that is scaled, and metrics. At each sync it changes both first.
type world struct {
	metrics.MetricsClient // external metrics are all that is asked for

	before func(w *world) // called as a sync begins
	// replicas are what the Deployment has.
	replicas int32
	// values are the metrics by name, in thousandths; one that is missing cannot be read.
	values map[string]int64
}

// run runs Kubernetes' controller for a while of simulated time.
func (w *world) run(t *testing.T, object *autoscalingv2.HorizontalPodAutoscaler, every, during time.Duration) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(klog.NewContext(t.Context(), klog.Logger{}))
		autoscalingdefaults.SetDefaults_HorizontalPodAutoscalerBehavior(object)
		client := fake.NewSimpleClientset(object)                    // NewClientset works out who owns each field, at each write
		factory := informers.NewSharedInformerFactory(client, every) // without a resync it waits on a channel of the real world
		mapper := meta.NewDefaultRESTMapper([]schema.GroupVersion{{Group: "apps", Version: "v1"}})
		mapper.Add(schema.GroupVersionKind{Group: "apps", Version: "v1", Kind: "Deployment"}, meta.RESTScopeNamespace)
		controller := podautoscaler.NewHorizontalController(ctx, client.CoreV1(), w, client.AutoscalingV2(), mapper, w,
			factory.Autoscaling().V2().HorizontalPodAutoscalers(), factory.Core().V1().Pods(),
			every, hpa.DefaultDownStabilization, hpa.DefaultTolerance, 5*time.Minute, 30*time.Second)
		factory.Start(ctx.Done())
		ended := make(chan struct{})
		go func() { controller.Run(ctx, 1); close(ended) }()
		time.Sleep(during)
		stop()
		<-ended
		factory.Shutdown()
	})
}

// autoscaler is an HPA with so many metrics.
func autoscaler(spec hpa.Autoscaler, behavior *autoscalingv2.HorizontalPodAutoscalerBehavior, names []string) *autoscalingv2.HorizontalPodAutoscaler {
	var specs []autoscalingv2.MetricSpec
	for _, metric := range names {
		specs = append(specs, autoscalingv2.MetricSpec{
			Type: autoscalingv2.ExternalMetricSourceType,
			External: &autoscalingv2.ExternalMetricSource{
				Metric: autoscalingv2.MetricIdentifier{Name: metric},
				Target: autoscalingv2.MetricTarget{Type: autoscalingv2.AverageValueMetricType, AverageValue: resource.NewQuantity(target, resource.DecimalSI)},
			},
		})
	}
	return &autoscalingv2.HorizontalPodAutoscaler{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
		Spec: autoscalingv2.HorizontalPodAutoscalerSpec{
			ScaleTargetRef: autoscalingv2.CrossVersionObjectReference{APIVersion: "apps/v1", Kind: "Deployment", Name: name},
			MinReplicas:    &spec.Min, MaxReplicas: spec.Max, Behavior: behavior, Metrics: specs,
		},
	}
}

// GetExternalMetric is what KEDA answers.
func (w *world) GetExternalMetric(metric, _ string, _ labels.Selector) ([]int64, time.Time, error) {
	value, known := w.values[metric]
	if !known {
		return nil, time.Time{}, errors.New("not to be had")
	}
	return []int64{value}, time.Now(), nil
}

// Scales is the way to the Deployment.
func (w *world) Scales(string) scale.ScaleInterface { return deployment{world: w} }

type deployment struct {
	scale.ScaleInterface

	world *world
}

// Get is the first thing that a sync does.
func (d deployment) Get(context.Context, schema.GroupResource, string, metav1.GetOptions) (*autoscalingv1.Scale, error) {
	d.world.before(d.world)
	return &autoscalingv1.Scale{
		Spec:   autoscalingv1.ScaleSpec{Replicas: d.world.replicas},
		Status: autoscalingv1.ScaleStatus{Replicas: d.world.replicas, Selector: "app=" + name},
	}, nil
}

func (d deployment) Update(_ context.Context, _ schema.GroupResource, wanted *autoscalingv1.Scale, _ metav1.UpdateOptions) (*autoscalingv1.Scale, error) {
	d.world.replicas = wanted.Spec.Replicas
	return wanted, nil
}
