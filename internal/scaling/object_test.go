package scaling_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/lagwise/lagwise/internal/hpa"
	"github.com/lagwise/lagwise/internal/manifest"
	"github.com/lagwise/lagwise/internal/scaling"
)

func specOf(t *testing.T, kind, spec string) manifest.Spec {
	t.Helper()
	workloads, err := manifest.Read("a.yaml", strings.NewReader("kind: "+kind+"\nspec: {"+spec+"}\n"))
	if err != nil || len(workloads) != 1 || len(workloads[0].Problems) > 0 {
		t.Fatalf("%v %+v", err, workloads)
	}
	return workloads[0].Spec
}

func TestWhatIsNotWrittenHasKEDAsDefaults(t *testing.T) {
	t.Parallel()
	spec := specOf(t, manifest.ScaledObject, "")
	if got, want := scaling.Object(spec), (hpa.ScaledObject{MaxReplicas: 100, Cooldown: 5 * time.Minute}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if got := scaling.Autoscaler(spec); got.Behavior != nil || got.Min != 1 || got.Max != 100 || got.Tolerance != 0.1 {
		t.Errorf("got %+v", got)
	}
	if got := scaling.Polling(spec); got != 30*time.Second {
		t.Errorf("polls every %v", got)
	}
	if _, valid := scaling.Fallback(spec); valid {
		t.Error("a fallback that nobody wrote")
	}
	if got := scaling.Job(specOf(t, manifest.ScaledJob, "")); got != (hpa.ScaledJob{}) {
		t.Errorf("got %+v", got)
	}
}

func TestWhatIsWrittenCounts(t *testing.T) {
	t.Parallel()
	spec := specOf(t, manifest.ScaledObject, `minReplicaCount: 2, maxReplicaCount: 7, idleReplicaCount: 0, pollingInterval: 5, cooldownPeriod: 60,
  initialCooldownPeriod: 9, fallback: {failureThreshold: 3, replicas: 4, behavior: currentReplicasIfHigher}`)
	want := hpa.ScaledObject{MinReplicas: 2, MaxReplicas: 7, HasIdle: true, Cooldown: time.Minute, InitialCooldown: 9 * time.Second}
	if got := scaling.Object(spec); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if got, valid := scaling.Fallback(spec); !valid || got != (hpa.Fallback{Replicas: 4, Threshold: 3, Current: hpa.FallbackCurrentIfHigher}) {
		t.Errorf("got %+v, %v", got, valid)
	}
	if _, valid := scaling.Fallback(specOf(t, manifest.ScaledObject, "fallback: {failureThreshold: -1, replicas: 4}")); valid {
		t.Error("KEDA heeds no fallback with a negative number")
	}
}

func TestWhereAScaledObjectRests(t *testing.T) {
	t.Parallel()
	for spec, want := range map[string]int32{"": 0, "minReplicaCount: 3": 3, "minReplicaCount: 3, idleReplicaCount: 1": 1} {
		if got := scaling.Object(specOf(t, manifest.ScaledObject, spec)).Resting(); got != want {
			t.Errorf("%q: %d, want %d", spec, got, want)
		}
	}
}

// Each field of a behaviour has a default by itself (kubernetes: pkg/apis/autoscaling/v2/defaults.go).
func TestABehaviourIsFilledUp(t *testing.T) {
	t.Parallel()
	behaviorOf := func(text string) hpa.Behavior {
		t.Helper()
		return *scaling.Autoscaler(specOf(t, manifest.ScaledObject, "advanced: {horizontalPodAutoscalerConfig: {behavior: "+text+"}}")).Behavior
	}
	if got, want := behaviorOf("{}"), (hpa.Behavior{Up: hpa.DefaultUp(), Down: hpa.DefaultDown()}); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	got := behaviorOf(`{scaleUp: {stabilizationWindowSeconds: 120, policies: [{type: Pods, value: 1, periodSeconds: 60}, {type: Percent, value: 10, periodSeconds: 30}], selectPolicy: Min},
  scaleDown: {selectPolicy: Disabled, tolerance: 0.05}}`)
	down := hpa.DefaultDown()
	down.Select, down.Tolerance, down.HasTolerance = hpa.SelectDisabled, 0.05, true
	want := hpa.Behavior{
		Up: hpa.Direction{
			Stabilization: 2 * time.Minute, Select: hpa.SelectMin,
			Policies: []hpa.RatePolicy{{Value: 1, Period: time.Minute}, {Percent: true, Value: 10, Period: 30 * time.Second}},
		},
		Down: down,
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestAScaledJob(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]hpa.ScaledJob{
		"minReplicaCount: 1, maxReplicaCount: 0":                              {MinReplicas: 1, HasMax: true},
		"scalingStrategy: {strategy: accurate}":                               {Strategy: hpa.AccurateStrategy},
		"scalingStrategy: {strategy: eager, multipleScalersCalculation: sum}": {Strategy: hpa.EagerStrategy, Together: hpa.TogetherSum},
		`scalingStrategy: {strategy: custom, customScalingQueueLengthDeduction: 1, customScalingRunningJobPercentage: "0.5"}`: {
			Strategy: hpa.CustomStrategy, Deduction: 1, RunningShare: 0.5,
		},
		`scalingStrategy: {strategy: custom, customScalingQueueLengthDeduction: 1, customScalingRunningJobPercentage: half}`: {},
		"scalingStrategy: {multipleScalersCalculation: min}":                                                                 {Together: hpa.TogetherMin},
		"scalingStrategy: {multipleScalersCalculation: avg}":                                                                 {Together: hpa.TogetherAverage},
	} {
		if got := scaling.Job(specOf(t, manifest.ScaledJob, text)); got != want {
			t.Errorf("%s: got %+v, want %+v", text, got, want)
		}
	}
}
