package e2e_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/lagwise/lagwise/test/e2e/lagwise"
	"github.com/lagwise/lagwise/test/e2e/stage"
	"github.com/lagwise/lagwise/test/realkafka"
)

// What users have written down about KEDA holds with lagwise behind its triggers. Where a write-up has a source that lagwise
// does not know (New Relic, RabbitMQ, CPU), a Kafka trigger stands in its place.

// A paused ScaledObject moves nothing, whatever the lag; KEDA takes even an HPA away that it was only told to take over.
// Resumed, it scales.
func TestPaused(t *testing.T) {
	t.Parallel()
	s := shared.Scenario(t)
	const before, byLag = 2, 4
	topic := everyOption(t, s)
	s.Produce(topic, 1, 5*byLag)
	s.DeployAt("prices", stage.Pause(), before)
	createHPA(t, s, "prices")
	replicas := s.Replicas("prices")

	s.Apply("kafka-every-option.yaml")
	s.AwaitCondition("prices", "Paused", "True")
	s.Eventually(stage.Patience, func() error {
		if _, err := readHPA(s, "prices"); !apierrors.IsNotFound(err) {
			return fmt.Errorf("want KEDA to delete the HPA of a paused ScaledObject, reading it says %w", err)
		}
		return nil
	})
	s.Hold(10*time.Second, func() error {
		if now := replicas.Now().Wanted; now != before {
			return fmt.Errorf("want %d replicas while it is paused: %s", before, replicas)
		}
		return nil
	})
	s.Apply("kafka-every-option.yaml", resumed())
	replicas.Reach(byLag, stage.Patience)
}

// An HPA that was there before is taken over under its name, with the behaviour that the ScaledObject says. The ScaledObject
// is idle at 0 below its activation threshold, falls back to its fallback replicas while Kafka is down, and leaves the replicas
// that it found.
func TestEveryOption(t *testing.T) {
	t.Parallel()
	s := shared.Scenario(t)
	const original, byLag, fallback = 2, 4, 6
	topic := everyOption(t, s)
	s.DeployAt("prices", stage.Pause(), original)
	found := createHPA(t, s, "prices")
	replicas := s.Replicas("prices")
	s.Produce(topic, 0, 100) // in a partition that does not count
	s.Produce(topic, 1, 3)
	s.Apply("kafka-every-option.yaml", resumed(), stage.Set(5, "spec", "pollingInterval"), longCoolDown())

	replicas.Reach(0, stage.Patience) // 3 is not above activationLagThreshold, and idleReplicaCount is 0
	owned, err := readHPA(s, "prices")
	if err != nil {
		t.Fatal(err)
	}
	if owned.UID != found.UID || !metav1.HasLabel(owned.ObjectMeta, "scaledobject.keda.sh/name") {
		t.Errorf("the HPA that was there was not taken over: %v", owned.ObjectMeta)
	}
	if name := owned.Spec.Metrics[0].External; name == nil || len(owned.Spec.Metrics) != 1 {
		t.Errorf("the HPA does not follow the trigger: %v", owned.Spec.Metrics)
	}
	if err := scalesDown(owned, 300, autoscalingv2.HPAScalingPolicy{Type: autoscalingv2.PercentScalingPolicy, Value: 100, PeriodSeconds: 15}); err != nil {
		t.Error(err)
	}

	s.Produce(topic, 1, 1)
	replicas.Reach(1, stage.Patience)
	s.Produce(topic, 31, 5*byLag-4)
	replicas.Reach(byLag, stage.Patience)
	s.Lagwise.Stop()
	stays := func(wanted int32) {
		t.Helper()
		s.Hold(10*time.Second, func() error {
			if now := replicas.Now().Wanted; now != wanted {
				return fmt.Errorf("want the replicas to stay at %d: %s", wanted, replicas)
			}
			return nil
		})
	}
	stays(byLag) // KEDA does not fall back for a scaler that it cannot even ask for its metric
	if err := s.Lagwise.Restart(s.Context()); err != nil {
		t.Fatal(err)
	}
	s.AwaitCondition("prices", "HPAActive", "True")
	s.Kafka.Kill()
	replicas.Reach(fallback, stage.Patience)
	if err := s.Kafka.Restart(s.Context()); err != nil {
		t.Fatal(err)
	}
	s.AwaitCondition("prices", "Fallback", "False")
	stays(fallback) // for stabilizationWindowSeconds: 300; without it the stage's HPAs wait 5s
	s.Kubectl("delete", "scaledobject", "prices")
	replicas.Reach(original, stage.Patience)
}

// A push wakes an idle workload at its minimum, though KEDA polls every two minutes only. It goes back to idle, below its
// minimum, after the cool-down.
func TestIdleBelowItsMinimum(t *testing.T) {
	t.Parallel()
	s := shared.Scenario(t)
	const original = 3
	topic, group := s.Topic("statements", 1), s.Group("statements")
	s.Commit(group, topic, 0, 0)
	s.DeployAt("statements", stage.Pause(), original)
	replicas := s.Replicas("statements")
	s.Apply("kafka-idle.yaml")
	s.AwaitCondition("statements", "Ready", "True")
	replicas.Reach(0, stage.Patience)

	produced := time.Now()
	s.Produce(topic, 0, 1)
	woken := replicas.Reach(1, stage.Patience).At.Sub(produced)
	s.Figure("record -> Deployment at 1, polled every 120s", woken)
	hpa, err := s.HPA("statements")
	if err != nil {
		t.Fatal(err)
	}
	if err := scalesDown(hpa, 600, autoscalingv2.HPAScalingPolicy{Type: autoscalingv2.PercentScalingPolicy, Value: 100, PeriodSeconds: 15}); err != nil {
		t.Error(err)
	}
	s.Commit(group, topic, 0, 1)
	s.Apply("kafka-idle.yaml", stage.Set(5, "spec", "pollingInterval"), stage.Set(5, "spec", "cooldownPeriod"))
	replicas.Reach(0, stage.Patience)
	s.Eventually(stage.Patience, func() error { // KEDA restores replicas once, and gives up when somebody writes to the Deployment at that moment
		const status = "{.metadata.generation}={.status.observedGeneration} {.status.replicas}"
		seen, counted, _ := strings.Cut(s.Kubectl("get", "deployment", "statements", "--output", "jsonpath="+status), " ")
		if made, known, _ := strings.Cut(seen, "="); made != known || strings.TrimSpace(counted) != "" {
			return fmt.Errorf("want the Deployment at rest: generation %s, replicas %s", seen, counted)
		}
		return nil
	})
	s.Kubectl("delete", "scaledobject", "statements")
	replicas.Reach(original, stage.Patience)
}

// Replicas grow one at a time, as slowly as the ScaledObject says, and never fall below its minimum.
func TestGentleScaleUp(t *testing.T) {
	t.Parallel()
	s := shared.Scenario(t)
	const least, period = 2, 15
	topic, group := s.Topic("grading.omr-request", 6), s.Group("grading")
	for partition := range int32(6) {
		s.Commit(group, topic, partition, 0)
	}
	s.Deploy("grading", stage.Pause())
	replicas := s.Replicas("grading")
	up := func(edited any, path ...any) stage.Edit {
		return stage.Set(edited, append([]any{"spec", "advanced", "horizontalPodAutoscalerConfig", "behavior", "scaleUp"}, path...)...)
	}

	s.Apply("kafka-gentle.yaml")
	replicas.Reach(least, stage.Patience)
	hpa, err := s.HPA("grading")
	if err != nil {
		t.Fatal(err)
	}
	written := autoscalingv2.HPAScalingPolicy{Type: autoscalingv2.PodsScalingPolicy, Value: 1, PeriodSeconds: 60}
	if rules := hpa.Spec.Behavior.ScaleUp; *rules.StabilizationWindowSeconds != 120 || len(rules.Policies) != 1 || rules.Policies[0] != written {
		t.Errorf("the HPA's behaviour is not what was written: %v", rules)
	}

	s.Apply("kafka-gentle.yaml", stage.Set(5, "spec", "pollingInterval"), up(0, "stabilizationWindowSeconds"), up(period, "policies", 0, "periodSeconds"))
	s.Produce(topic, 0, 40*5)
	third := replicas.Reach(least+1, stage.Patience)
	fourth := replicas.Reach(least+2, stage.Patience)
	if between := fourth.At.Sub(third.At); between < (period-5)*time.Second { // a change may be seen late
		t.Errorf("want a replica every %ds, the next came after %s", period, between)
	}
	s.Figure("wanted replicas", replicas)
	for i, change := range replicas.Changes() {
		if i > 0 && change.Wanted < least && replicas.Changes()[i-1].Wanted >= least {
			t.Errorf("fewer than %d replicas: %s", least, replicas)
		}
	}
}

// everyOption makes what kafka-every-option.yaml speaks of: a broker with TLS and passwords, a lagwise that knows it as
// "prod", and a drained topic with the partitions that the trigger names.
func everyOption(t *testing.T, s *stage.Scenario) (topic string) {
	t.Helper()
	broker := s.OwnKafka(realkafka.Options{Secure: true})
	password := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(password, []byte(realkafka.Password(realkafka.Admin)), 0o600); err != nil {
		t.Fatal(err)
	}
	s.OwnLagwise(lagwise.Options{Args: []string{"--refreshInterval=1s"}, Config: fmt.Sprintf(
		"connections: [{name: prod, bootstrapServers: [%q], tls: {caFile: %q}, sasl: {mechanism: PLAIN, username: %s, passwordFile: %q}}]\n",
		broker.SASLSSLAddress(), broker.CAFile(), realkafka.Admin, password)})
	const partitions = 32
	topic, group := s.Topic("test-topic", partitions), s.Group("my-group")
	for partition := range int32(partitions) {
		s.Commit(group, topic, partition, 0)
	}
	return topic
}

// resumed takes the annotation away by which the ScaledObject is paused.
func resumed() stage.Edit {
	return stage.Set(nil, "metadata", "annotations", "autoscaling.keda.sh/paused")
}

// createHPA makes an HPA that KEDA did not make, for the Deployment of its name.
func createHPA(t *testing.T, s *stage.Scenario, name string) *autoscalingv2.HorizontalPodAutoscaler {
	t.Helper()
	half := int32(50)
	hpa, err := s.Client.AutoscalingV2().HorizontalPodAutoscalers(s.Namespace).Create(s.Context(), &autoscalingv2.HorizontalPodAutoscaler{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: autoscalingv2.HorizontalPodAutoscalerSpec{
			ScaleTargetRef: autoscalingv2.CrossVersionObjectReference{APIVersion: "apps/v1", Kind: "Deployment", Name: name},
			MaxReplicas:    10,
			Metrics: []autoscalingv2.MetricSpec{{Type: autoscalingv2.ResourceMetricSourceType, Resource: &autoscalingv2.ResourceMetricSource{
				Name: "cpu", Target: autoscalingv2.MetricTarget{Type: autoscalingv2.UtilizationMetricType, AverageUtilization: &half},
			}}},
		},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return hpa
}

func readHPA(s *stage.Scenario, name string) (*autoscalingv2.HorizontalPodAutoscaler, error) {
	return s.Client.AutoscalingV2().HorizontalPodAutoscalers(s.Namespace).Get(s.Context(), name, metav1.GetOptions{})
}

// scalesDown complains when an HPA's behaviour is another one.
func scalesDown(hpa *autoscalingv2.HorizontalPodAutoscaler, window int32, policy autoscalingv2.HPAScalingPolicy) error {
	if hpa.Spec.Behavior == nil || hpa.Spec.Behavior.ScaleDown == nil {
		return errors.New("the HPA has no behaviour for scaling down")
	}
	rules := hpa.Spec.Behavior.ScaleDown
	if rules.StabilizationWindowSeconds == nil || *rules.StabilizationWindowSeconds != window || len(rules.Policies) != 1 || rules.Policies[0] != policy {
		return fmt.Errorf("want a window of %ds and %v, the HPA has %v", window, policy, rules)
	}
	return nil
}
