package explain_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/lagwise/lagwise/internal/explain"
	"github.com/lagwise/lagwise/internal/manifest"
)

func workload(t *testing.T, kind, spec string) manifest.Workload {
	t.Helper()
	workloads, err := manifest.Read("a.yaml", strings.NewReader("kind: "+kind+"\nmetadata: {name: orders}\nspec: {"+spec+"}\n"))
	if err != nil || len(workloads) != 1 {
		t.Fatalf("%v %+v", err, workloads)
	}
	return workloads[0]
}

// says is a trigger that answers value at target 5.
func says(value float64, active bool) explain.Trigger {
	index := 0
	asks := int32(value+4) / 5
	return explain.Trigger{
		Index: &index, Type: "external-push", Scaler: "kafka", Metric: &explain.Metric{Name: "kafka-orders", Target: 5},
		Answer: &explain.Answer{Value: value, Active: active, Asks: asks},
	}
}

func polled(t explain.Trigger) explain.Trigger { t.Type = "external"; return t }

func limited(t explain.Trigger) explain.Trigger {
	t.Answer.Limit = &explain.Limit{Name: "partition limit", Value: 1000}
	return t
}

func fails() explain.Trigger {
	t := says(0, false)
	t.Answer, t.Failure = nil, &explain.Failure{Cause: "unreachable", Text: "Kafka is away"}
	return t
}

func elsewhere() explain.Trigger {
	index := 1
	return explain.Trigger{Index: &index, Type: "cpu", Note: "KEDA answers this trigger itself"}
}

// The way there is written as "seconds:replicas by bound".
func TestReplicasAndWhatBindsThem(t *testing.T) {
	t.Parallel()
	const gentle = `advanced: {horizontalPodAutoscalerConfig: {behavior: {scaleUp: {stabilizationWindowSeconds: 120, policies: [{type: Pods, value: 1, periodSeconds: 60}]}}}}`
	const quickDown = `advanced: {horizontalPodAutoscalerConfig: {behavior: {scaleDown: {stabilizationWindowSeconds: 30, policies: [{type: Pods, value: 2, periodSeconds: 15}]}}}}`
	const never = `advanced: {horizontalPodAutoscalerConfig: {behavior: {scaleDown: {selectPolicy: Disabled}}}}`
	one := func(trigger explain.Trigger) []explain.Trigger { return []explain.Trigger{trigger} }
	for _, c := range []struct {
		name, spec string
		now        int32
		triggers   []explain.Trigger
		comesTo    int32
		boundBy    explain.Bound
		steps      string
	}{
		{"woken at once by a push", "", 0, one(says(15, true)), 3, "", "0:1 KEDA, 15:3 HPA"},
		{"woken at the next poll", "pollingInterval: 10", 0, one(polled(says(15, true))), 3, "", "10:1 KEDA, 25:3 HPA"},
		{"by the maximum", "maxReplicaCount: 2", 0, one(says(15, true)), 2, explain.BoundMax, "0:1 KEDA, 15:2 HPA maxReplicaCount"},
		{"by the minimum", "minReplicaCount: 4", 4, one(says(15, true)), 4, explain.BoundMin, ""},
		{"at least one", "", 2, one(says(0, true)), 1, explain.BoundOne, "330:1 HPA one replica"},
		{"as fast as twice as many", "", 0, one(says(100, true)), 20, "", "0:1 KEDA, 15:4 HPA scaling policy, 30:8 HPA scaling policy, 45:16 HPA scaling policy, 60:20 HPA"},
		{"by the source", "", 0, one(limited(says(15, true))), 3, "partition limit", "0:1 KEDA, 15:3 HPA"},
		{"the maximum before the source", "maxReplicaCount: 2", 0, one(limited(says(15, true))), 2, explain.BoundMax, "0:1 KEDA, 15:2 HPA maxReplicaCount"},
		{"within tolerance", "", 10, one(says(54, true)), 10, explain.BoundTolerance, ""},
		{"inactive", "", 3, one(says(0, false)), 0, explain.BoundInactive, "300:0 KEDA"},
		{"inactive with a short cool-down", "cooldownPeriod: 30", 3, one(says(0, false)), 0, explain.BoundInactive, "30:0 KEDA"},
		{"asleep", "", 0, one(says(0, false)), 0, explain.BoundInactive, ""},
		{"asleep at idle", "minReplicaCount: 2, idleReplicaCount: 0, cooldownPeriod: 60", 2, one(says(0, false)), 0, explain.BoundIdle, "60:0 KEDA idleReplicaCount"},
		{"an idle count that KEDA and the HPA fight over", "minReplicaCount: 2, idleReplicaCount: 1, cooldownPeriod: 60", 2, one(says(0, false)), 2, explain.BoundIdle, "60:1 KEDA idleReplicaCount, 90:2 HPA minReplicaCount"},
		{"woken from idle", "minReplicaCount: 2, idleReplicaCount: 0", 0, one(says(15, true)), 3, "", "0:2 KEDA, 15:3 HPA"},
		{"slowly by policies", "minReplicaCount: 2, maxReplicaCount: 5, " + gentle, 2, one(says(60, true)), 5, explain.BoundMax, "135:3 HPA scaling policy, 195:4 HPA scaling policy, 255:5 HPA maxReplicaCount"},
		{"down after a window", quickDown, 6, one(says(5, true)), 1, "", "45:4 HPA scaling policy, 60:2 HPA scaling policy, 75:1 HPA"},
		{"never down", never, 6, one(says(5, true)), 6, explain.BoundPolicy, ""},
		{"the one that asks for more", "", 1, []explain.Trigger{says(5, true), limited(says(10, true))}, 2, "partition limit", "15:2 HPA"},
		{"no answer", "", 3, one(fails()), 3, explain.BoundNoAnswer, ""},
		{"no answer at zero", "", 0, one(fails()), 0, explain.BoundNoAnswer, ""},
		{"no answer of one of two", "", 1, []explain.Trigger{fails(), says(15, true)}, 3, "", "15:3 HPA"},
		{"no answer keeps from going down", "", 5, []explain.Trigger{fails(), says(15, true)}, 5, explain.BoundNoAnswer, ""},
		{"fallback", "fallback: {failureThreshold: 3, replicas: 6}", 2, one(fails()), 6, explain.BoundFallback, "15:4 HPA scaling policy, 30:6 HPA"},
		{"fallback wakes nobody", "fallback: {failureThreshold: 3, replicas: 6}", 0, one(fails()), 0, explain.BoundNoAnswer, ""},
		{"fallback 0 is as good as inactive", "fallback: {failureThreshold: 3, replicas: 0}", 2, one(fails()), 0, explain.BoundNoAnswer, "300:0 KEDA"},
		{"another trigger may be active", "", 3, []explain.Trigger{says(0, false), elsewhere()}, 1, explain.BoundOne, "330:1 HPA one replica"},
		{"below the minimum", "minReplicaCount: 3", 0, one(polled(says(0, false))), 3, explain.BoundMin, "30:3 KEDA minReplicaCount"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got := explain.ReplicasOf(workload(t, manifest.ScaledObject, c.spec), c.triggers, c.now)
			var steps []string
			for _, step := range got.Steps {
				steps = append(steps, strings.TrimSpace(fmt.Sprintf("%v:%d %s %s", step.AfterSeconds, step.Replicas, step.By, step.BoundBy)))
			}
			if got.ComesTo == nil || *got.ComesTo != c.comesTo || got.BoundBy != c.boundBy || strings.Join(steps, ", ") != c.steps {
				t.Errorf("got %d by %q, steps %.300s; want %d by %q, steps %s", *got.ComesTo, got.BoundBy, strings.Join(steps, ", "), c.comesTo, c.boundBy, c.steps)
			}
			t.Log(got.Text)
		})
	}
}

func TestReplicasThatAreNotForTheTriggersToSay(t *testing.T) {
	t.Parallel()
	triggers := []explain.Trigger{says(15, true)}
	w := workload(t, manifest.ScaledObject, "")
	w.Annotations = map[string]string{"autoscaling.keda.sh/paused-replicas": "7"}
	if got := explain.ReplicasOf(w, triggers, 2); *got.ComesTo != 7 || got.BoundBy != explain.BoundPaused {
		t.Errorf("got %+v", got)
	}
	w.Annotations = map[string]string{"autoscaling.keda.sh/paused": "true"}
	if got := explain.ReplicasOf(w, triggers, 2); *got.ComesTo != 2 || got.BoundBy != explain.BoundPaused {
		t.Errorf("got %+v", got)
	}
	w = workload(t, manifest.ScaledObject, `advanced: {scalingModifiers: {formula: "a + b", target: "5"}}`)
	if got := explain.ReplicasOf(w, triggers, 2); got.ComesTo != nil || !strings.Contains(got.Text, `"a + b"`) {
		t.Errorf("got %+v", got)
	}
	byValue := says(15, true)
	byValue.MetricType = "Value"
	if got := explain.ReplicasOf(workload(t, manifest.ScaledObject, ""), []explain.Trigger{byValue}, 2); got.ComesTo != nil || !got.AtLeast || len(got.Notes) != 1 {
		t.Errorf("got %+v", got)
	}
}

// Whatever a manifest says, the way has an end, soon, and it lies within bounds.
func TestEveryWayEnds(t *testing.T) {
	t.Parallel()
	seed := rand.Uint64()
	random := rand.New(rand.NewPCG(seed, 0))
	for range 100 {
		least, most := random.Int32N(5), 1+random.Int32N(2000)
		spec := fmt.Sprintf("minReplicaCount: %d, maxReplicaCount: %d, cooldownPeriod: %d", least, most, random.IntN(600))
		if random.IntN(2) == 0 {
			spec += fmt.Sprintf(", idleReplicaCount: %d", random.IntN(3))
		}
		rules := func() string {
			return fmt.Sprintf("{stabilizationWindowSeconds: %d, selectPolicy: %s, policies: [{type: %s, value: %d, periodSeconds: %d}]}",
				random.IntN(3600), []string{"Max", "Min", "Disabled"}[random.IntN(3)], []string{"Pods", "Percent"}[random.IntN(2)], 1+random.IntN(50), 1+random.IntN(1800))
		}
		spec += ", advanced: {horizontalPodAutoscalerConfig: {behavior: {scaleUp: " + rules() + ", scaleDown: " + rules() + "}}}"
		now, value := random.Int32N(3000), float64(random.IntN(20_000))
		got := explain.ReplicasOf(workload(t, manifest.ScaledObject, spec), []explain.Trigger{says(value, random.IntN(2) == 0)}, now)
		if got.ComesTo == nil || *got.ComesTo < 0 || *got.ComesTo > max(most, least, 3) || len(got.Steps) > 100 || got.Text == "" {
			t.Fatalf("seed %d: %s from %d at value %v: %+v", seed, spec, now, value, got)
		}
	}
}

func TestALongWayIsShortened(t *testing.T) {
	t.Parallel()
	const slow = `maxReplicaCount: 1000, advanced: {horizontalPodAutoscalerConfig: {behavior: {scaleUp: {policies: [{type: Pods, value: 1, periodSeconds: 15}]}}}}`
	got := explain.ReplicasOf(workload(t, manifest.ScaledObject, slow), []explain.Trigger{says(5000, true)}, 1)
	if *got.ComesTo != 910 || len(got.Steps) != 100 || got.MoreSteps != 809 || got.BoundBy != explain.BoundTolerance {
		t.Errorf("comes to %d in %d steps and %d more", *got.ComesTo, len(got.Steps), got.MoreSteps)
	}
	var text strings.Builder
	if err := (explain.Report{Replicas: got}).Write(&text, explain.Style{}); err != nil || !strings.Contains(text.String(), "901 more steps") {
		t.Errorf("%v: %s", err, text.String())
	}
}

func TestJobsAndWhatBindsThem(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		spec             string
		running, pending int64
		trigger          explain.Trigger
		start            int64
		boundBy          explain.Bound
	}{
		{"", 0, 0, polled(says(15, true)), 3, ""},
		{"maxReplicaCount: 2", 0, 0, polled(says(15, true)), 2, explain.BoundMax},
		{"", 2, 0, polled(says(15, true)), 1, explain.BoundStrategy},
		{"scalingStrategy: {strategy: accurate}", 2, 0, polled(says(15, true)), 3, ""},
		{"minReplicaCount: 1", 0, 0, polled(says(0, false)), 1, explain.BoundMin},
		{"", 0, 0, polled(says(0, false)), 0, explain.BoundInactive},
	} {
		got := explain.JobsOf(workload(t, manifest.ScaledJob, c.spec), []explain.Trigger{c.trigger}, c.running, c.pending)
		if got.Start == nil || *got.Start != c.start || got.BoundBy != c.boundBy || got.Text == "" {
			t.Errorf("%q: got %+v", c.spec, got)
		}
	}
	got := explain.JobsOf(workload(t, manifest.ScaledJob, "pollingInterval: 5"), []explain.Trigger{fails(), elsewhere()}, 0, 0)
	if got.Start != nil || got.BoundBy != explain.BoundNoAnswer || !got.AtLeast || got.PollSeconds != 5 {
		t.Errorf("got %+v", got)
	}
	got = explain.JobsOf(workload(t, manifest.ScaledJob, ""), []explain.Trigger{says(15, true)}, 0, 0)
	if len(got.Notes) != 1 || !strings.Contains(got.Notes[0], "ignores pushes") {
		t.Errorf("got %+v", got.Notes)
	}
}
