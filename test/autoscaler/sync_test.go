package autoscaler_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	"k8s.io/apimachinery/pkg/api/resource"
	utilfeature "k8s.io/apiserver/pkg/util/feature"
	featuregatetesting "k8s.io/component-base/featuregate/testing"
	"k8s.io/kubernetes/pkg/features"

	"github.com/lagwise/lagwise/internal/hpa"
)

// TestSyncDoesWhatKubernetesDoes runs Kubernetes' controller over random autoscalers, metrics that come and go, and replicas that
// KEDA changes in between. Each sync must do what internal/hpa says.
func TestSyncDoesWhatKubernetesDoes(t *testing.T) {
	featuregatetesting.SetFeatureGateDuringTest(t, utilfeature.DefaultFeatureGate, features.HPAConfigurableTolerance, true)
	seen := map[hpa.Bound]int{}
	for seed := range uint64(200) {
		random := chance{rand.New(rand.NewPCG(seed, 1))}
		ours, theirs := random.autoscaler()
		names := []string{"first", "second"}[:1+random.IntN(2)]
		every := time.Duration(1+random.IntN(30)) * time.Second
		c := comparison{t: t, seed: seed, random: random, autoscaler: ours, names: names}
		w := &world{before: c.next, replicas: random.Int32N(ours.Max + 2)}
		w.run(t, autoscaler(ours, theirs, names), every, 300*every)
		if c.syncs < 290 {
			t.Fatalf("seed %d: only %d syncs", seed, c.syncs)
		}
		for _, bound := range c.bounds {
			seen[bound]++
		}
	}
	t.Log(seen)
	for bound := hpa.Unbound; bound <= hpa.ByFailure; bound++ {
		if seen[bound] < 100 {
			t.Errorf("bound %d was met %d times: the comparison says little", bound, seen[bound])
		}
	}
}

// comparison follows one run.
type comparison struct {
	t          *testing.T
	seed       uint64
	random     chance
	autoscaler hpa.Autoscaler
	names      []string

	history hpa.History
	last    hpa.Look
	want    hpa.Outcome
	syncs   int
	bounds  []hpa.Bound
}

// next checks what the sync before has done, and makes up what this one finds.
func (c *comparison) next(w *world) {
	if c.syncs++; c.syncs > 1 && w.replicas != c.want.Replicas && !c.t.Failed() {
		c.t.Errorf("seed %d, sync %d: Kubernetes set %d replicas, internal/hpa %+v\nlook %+v\nhistory %+v\n%s",
			c.seed, c.syncs-1, w.replicas, c.want, c.last, c.history, c.described())
	}
	if c.random.once(20) { // KEDA, or somebody else
		w.replicas = c.random.Int32N(c.autoscaler.Max + 2)
	}
	c.last = hpa.Look{At: time.Now(), Current: w.replicas}
	w.values = map[string]int64{}
	for _, metric := range c.names {
		if c.random.once(20) {
			c.last.Failed++
			continue
		}
		w.values[metric] = c.random.value(w.replicas)
		c.last.Metrics = append(c.last.Metrics, hpa.Metric{Value: w.values[metric], Target: 1000 * target})
	}
	c.want, c.history = c.autoscaler.Sync(c.history, c.last)
	c.bounds = append(c.bounds, c.want.Bound)
}

func (c *comparison) described() string {
	if c.autoscaler.Behavior == nil {
		return fmt.Sprintf("%+v", c.autoscaler)
	}
	return fmt.Sprintf("%+v %+v", c.autoscaler, *c.autoscaler.Behavior)
}

type chance struct{ *rand.Rand }

func (r chance) once(in int) bool { return r.IntN(in) == 0 }

// value is a metric near what the replicas carry now, or far from it.
func (r chance) value(replicas int32) int64 {
	switch r.IntN(5) {
	case 4:
		return 0
	case 0:
		return r.Int64N(400 * target * 1000)
	case 1:
		return int64(r.IntN(20)) * target * 1000
	default:
		return int64(float64(replicas) * target * 1000 * (0.8 + 0.4*r.Float64()))
	}
}

// autoscaler is made twice: as lagwise has it, and as Kubernetes does.
func (r chance) autoscaler() (hpa.Autoscaler, *autoscalingv2.HorizontalPodAutoscalerBehavior) {
	least := 1 + r.Int32N(3)
	ours := hpa.Autoscaler{Min: least, Max: least + r.Int32N(100), Tolerance: hpa.DefaultTolerance}
	if r.once(4) {
		return ours, nil
	}
	ours.Behavior = &hpa.Behavior{Up: hpa.DefaultUp(), Down: hpa.DefaultDown()}
	theirs := &autoscalingv2.HorizontalPodAutoscalerBehavior{}
	if !r.once(4) {
		theirs.ScaleUp = r.direction(&ours.Behavior.Up)
	}
	if !r.once(4) {
		theirs.ScaleDown = r.direction(&ours.Behavior.Down)
	}
	return ours, theirs
}

func (r chance) direction(ours *hpa.Direction) *autoscalingv2.HPAScalingRules {
	var theirs autoscalingv2.HPAScalingRules
	if !r.once(3) {
		seconds := r.Int32N(120)
		theirs.StabilizationWindowSeconds, ours.Stabilization = &seconds, time.Duration(seconds)*time.Second
	}
	if !r.once(3) {
		theirs.Policies, ours.Policies = r.policies()
	}
	if r.once(2) {
		choice := []autoscalingv2.ScalingPolicySelect{
			hpa.SelectMax: autoscalingv2.MaxChangePolicySelect, hpa.SelectMin: autoscalingv2.MinChangePolicySelect, hpa.SelectDisabled: autoscalingv2.DisabledPolicySelect,
		}
		ours.Select = hpa.Select(r.IntN(len(choice)))
		theirs.SelectPolicy = &choice[ours.Select]
	}
	if r.once(3) {
		thousandths := int64(r.IntN(300))
		ours.HasTolerance, ours.Tolerance = true, float64(thousandths)/1000
		theirs.Tolerance = resource.NewMilliQuantity(thousandths, resource.DecimalSI)
	}
	return &theirs
}

func (r chance) policies() (theirs []autoscalingv2.HPAScalingPolicy, ours []hpa.RatePolicy) {
	for range 1 + r.IntN(3) {
		policy := hpa.RatePolicy{Percent: r.once(2), Value: 1 + r.Int32N(8), Period: time.Duration(1+r.IntN(90)) * time.Second}
		kind := autoscalingv2.PodsScalingPolicy
		if policy.Percent {
			kind = autoscalingv2.PercentScalingPolicy
			policy.Value = 1 + r.Int32N(150)
		}
		ours = append(ours, policy)
		theirs = append(theirs, autoscalingv2.HPAScalingPolicy{Type: kind, Value: policy.Value, PeriodSeconds: int32(policy.Period.Seconds())})
	}
	return theirs, ours
}
