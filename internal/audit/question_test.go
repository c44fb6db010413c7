package audit_test

import (
	"strings"
	"testing"
	"time"

	"github.com/lagwise/lagwise/internal/audit"
)

// of is the only trigger of a ScaledObject.
func of(t *testing.T, metadata, more, status string) audit.Subject {
	t.Helper()
	all := subjectsOf(t, []byte(`{"kind": "List", "items": [{"kind": "ScaledObject", "metadata": {"namespace": "shop", "name": "orders", "annotations": {`+more+`}},
		"spec": {"triggers": [{"type": "kafka", "metadata": {`+metadata+`}}]}, "status": {`+status+`}}]}`))
	if len(all) != 1 {
		t.Fatalf("want one trigger, got %d", len(all))
	}
	return all[0]
}

// A question must not change what KEDA does: where it would, the HPA's number is read, or there is none.
func TestQuestionsWithoutEffect(t *testing.T) {
	t.Parallel()
	const metric, path = `"externalMetricNames": ["s1-other", "s0-kafka-orders"], "hpaName": "keda-hpa-orders"`,
		"/apis/external.metrics.k8s.io/v1beta1/namespaces/shop/s0-kafka-orders?labelSelector=scaledobject.keda.sh%2Fname%3Dorders"
	for name, test := range map[string]struct {
		metadata, annotations, status string
		path, hpa, why                string
	}{
		"as always":                     {status: metric, path: path},
		"excludePersistentLag":          {metadata: `"excludePersistentLag": "true"`, status: metric, hpa: "keda-hpa-orders"},
		"excludePersistentLag, asleep":  {metadata: `"excludePersistentLag": "true"`, status: `"externalMetricNames": ["s0-kafka-orders"]`, why: "would change"},
		"no excludePersistentLag":       {metadata: `"excludePersistentLag": "false"`, status: metric, path: path},
		"paused":                        {annotations: `"autoscaling.keda.sh/paused": "true"`, status: metric, why: "paused"},
		"paused at a number":            {annotations: `"autoscaling.keda.sh/paused-replicas": "0"`, status: metric, why: "paused"},
		"not taken up":                  {status: `"conditions": [{"type": "Ready", "status": "False", "message": "no brokers"}]`, why: "no brokers"},
		"failing with a fallback":       {status: metric + `, "health": {"s0-kafka-orders": {"numberOfFailures": 2, "status": "Failing"}}`, why: "failed 2 times"},
		"in fallback":                   {status: metric + `, "conditions": [{"type": "Fallback", "status": "True"}]`, why: "fallback"},
		"well again after some failure": {status: metric + `, "health": {"s0-kafka-orders": {"numberOfFailures": 0, "status": "Happy"}}`, path: path},
	} {
		got := of(t, test.metadata, test.annotations, test.status).Question()
		if got.Path != test.path || got.HPA != test.hpa || (test.why == "") != (got.Why == "") || !strings.Contains(got.Why, test.why) {
			t.Errorf("%s: got %+v", name, got)
		}
	}
}

func TestNumbers(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]float64{"25": 25, "25500m": 25.5, "12k": 12000, "1e3": 1000, "2Ki": 2048, "0": 0, "-1": -1, "3E": 3e18} {
		got, err := audit.MetricOf([]byte(`{"items": [{"value": "` + text + `"}]}`))
		if err != nil || got != want {
			t.Errorf("%s: got %v, %v", text, got, err)
		}
	}
	for _, text := range []string{`{"items": []}`, `{"items": [{"value": "x"}]}`, `{"items": [{"value": ""}]}`, `{"items": [{"value": "1q"}]}`, `{"items": [{"value": "NaN"}]}`, `no`} {
		if got, err := audit.MetricOf([]byte(text)); err == nil {
			t.Errorf("%s: got %v", text, got)
		}
	}
	hpa := `{"status": {"currentReplicas": 3, "currentMetrics": [{"resource": {}}, {"external": {"metric": {"name": "s0-a"}, "current": {"averageValue": "8334m"}}},
		{"external": {"metric": {"name": "s1-b"}, "current": {"value": "7"}}}]}}`
	if got, exact, err := audit.HPAMetricOf([]byte(hpa), "s0-a"); err != nil || got != 8.334*3 || exact != 0.003 {
		t.Errorf("got %v, %v, %v", got, exact, err)
	}
	if got, _, err := audit.HPAMetricOf([]byte(hpa), "s1-b"); err != nil || got != 7 {
		t.Errorf("got %v, %v", got, err)
	}
	if _, _, err := audit.HPAMetricOf([]byte(hpa), "s2-c"); err == nil {
		t.Error("a metric that the HPA has not heard of has a number")
	}
}

// A rule that looks back knows nothing yet when lagwise has just begun to look.
func TestTooEarly(t *testing.T) {
	t.Parallel()
	for metadata, needs := range map[string]time.Duration{
		``:                               0,
		`"excludePersistentLag": "true"`: 40 * time.Second,
		`"excludePersistentLag": "true", "persistentLagInterval": "2m"`: 130 * time.Second,
		`"quietPeriod": "5m"`: 310 * time.Second,
	} {
		s := of(t, metadata, "", "")
		if early := s.TooEarly(needs - time.Second); needs > 0 && early == "" {
			t.Errorf("%s: the answer counts too early", metadata)
		}
		if early := s.TooEarly(needs); early != "" {
			t.Errorf("%s: the answer counts too late: %s", metadata, early)
		}
	}
}

// The name of a variable is no value: lagwise is not asked with it.
func TestVariablesAreNoValues(t *testing.T) {
	t.Parallel()
	rabbit := func(more string) audit.Subject {
		return subjectsOf(t, []byte(`{"kind": "List", "items": [{"kind": "ScaledObject", "metadata": {"namespace": "shop", "name": "orders"}, "spec": {"triggers": [
			{"type": "rabbitmq", "metadata": {"queueName": "q", "mode": "QueueLength", "value": "5", "hostFromEnv": "RABBIT"}`+more+`}]}}]}`))[0]
	}
	if plan := rabbit("").Plan; !strings.Contains(plan.Missing, "hostFromEnv") {
		t.Errorf("got %+v", plan)
	}
	chosen := rabbit(`, "authenticationRef": {"name": "by-name"}`).Plan
	if chosen.Missing != "" || chosen.Metadata["connection"] != "test" || chosen.Metadata["hostFromEnv"] != "" {
		t.Errorf("got %+v", chosen)
	}
	if plan := of(t, `"consumerGroupFromEnv": "GROUP", "consumerGroup": "g"`, "", "").Plan; plan.Missing != "" {
		t.Errorf("a variable that nobody reads is missed: %+v", plan)
	}
}
