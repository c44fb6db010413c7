package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"net"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	broker "github.com/confluentinc/confluent-kafka-go/v2/kafka"
	"go.yaml.in/yaml/v3"

	"github.com/lagwise/lagwise/internal/explain"
	"github.com/lagwise/lagwise/scalers"
	"github.com/lagwise/lagwise/scalers/kafka/cluster"
)

// embedded is a broker with one topic, of which a group has consumed 2 of 5 records; the third is stamped.
func embedded(t *testing.T, stamped time.Time) (servers string) {
	t.Helper()
	mock, err := broker.NewMockCluster(1)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(mock.Close)
	if err := mock.CreateTopic("orders", 1, 1); err != nil {
		t.Fatal(err)
	}
	producer, err := broker.NewProducer(&broker.ConfigMap{"bootstrap.servers": mock.BootstrapServers()})
	if err != nil {
		t.Fatal(err)
	}
	defer producer.Close()
	topic, delivered := "orders", make(chan broker.Event, 5)
	for range 5 {
		record := &broker.Message{TopicPartition: broker.TopicPartition{Topic: &topic}, Timestamp: stamped}
		if err := producer.Produce(record, delivered); err != nil {
			t.Fatal(err)
		}
		<-delivered
	}
	consumer, err := broker.NewConsumer(&broker.ConfigMap{"bootstrap.servers": mock.BootstrapServers(), "group.id": "billing"})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = consumer.Close() }()
	if _, err := consumer.CommitOffsets([]broker.TopicPartition{{Topic: &topic, Offset: 2}}); err != nil {
		t.Fatal(err)
	}
	return mock.BootstrapServers()
}

// ordersOn is a ScaledObject with KEDA's own trigger on these brokers.
func ordersOn(servers string, more ...string) string {
	return strings.Join(append([]string{`apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata: {name: orders, namespace: shop}
spec:
  scaleTargetRef: {name: orders}
  triggers:
    - type: kafka
      metadata:
        bootstrapServers: ` + servers + `
        consumerGroup: billing
        topic: orders
        lagThreshold: "1"
        allowIdleConsumers: "true"`}, more...), "\n        ") + "\n"
}

// explains runs the command on a manifest that is piped to it.
func explains(t *testing.T, manifest string, args ...string) (code int, out, errs string) {
	t.Helper()
	command := explainCommand(cluster.Options{Embedded: true})
	var stdout, stderr bytes.Buffer
	command.SetOut(&stdout)
	command.SetErr(&stderr)
	command.SetIn(strings.NewReader(manifest))
	command.SetArgs(args)
	command.SilenceErrors, command.SilenceUsage = true, true
	err := command.ExecuteContext(t.Context())
	if ends, is := errors.AsType[*exit](err); is {
		return ends.code, stdout.String(), ends.Error()
	}
	if err != nil {
		return 1, stdout.String(), err.Error()
	}
	return 0, stdout.String(), stderr.String()
}

func figuresOf(part explain.Part) map[string]float64 {
	known := map[string]float64{}
	for _, figure := range part.Figures {
		if figure.Value != nil {
			known[figure.Name] = *figure.Value
		}
	}
	return known
}

func TestExplainAsksKafka(t *testing.T) {
	stamped := time.Now().Add(-time.Hour)
	manifest := ordersOn(embedded(t, stamped))
	code, out, errs := explains(t, manifest, "-", "-o", "json", "--replicas", "1")
	var report explain.Report
	if err := json.Unmarshal([]byte(out), &report); code != 0 || err != nil {
		t.Fatalf("exit code %d, %s, %v: %s", code, errs, err, out)
	}
	trigger := report.Triggers[0]
	got := figuresOf(trigger.Answer.Parts[0])
	age := got["oldest waits"]
	if got["log start offset"] != 0 || got["committed offset"] != 2 || got["log end offset"] != 5 || got["lag"] != 3 || age < 3600 || age > 3700 {
		t.Errorf("got %v", got)
	}
	if trigger.Answer.Value != 3 || !trigger.Answer.Active || trigger.Answer.Asks != 3 || *report.Replicas.ComesTo != 3 || report.Replicas.Now != 1 {
		t.Errorf("got %s", out)
	}

	code, out, _ = explains(t, manifest, "-f", "-", "-o", "yaml")
	if err := yaml.Unmarshal([]byte(out), &report); code != 0 || err != nil || report.Triggers[0].Answer.Value != 3 || report.Replicas.Now != 0 {
		t.Errorf("exit code %d, %v: %s", code, err, out)
	}
	code, out, _ = explains(t, manifest, "-")
	if code != 0 || !strings.Contains(out, "orders/0          0          2        5    3") || !strings.Contains(out, "comes to 3, which the triggers ask for") {
		t.Errorf("exit code %d: %s", code, out)
	}
}

func TestExplainTellsFailuresApartByItsExitCode(t *testing.T) {
	servers := embedded(t, time.Now())
	var listen net.ListenConfig
	silent, err := listen.Listen(t.Context(), "tcp", "127.0.0.1:0") // takes connections, and says nothing
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = silent.Close() }()
	for name, c := range map[string]struct {
		manifest string
		args     []string
		code     int
		says     string
	}{
		"refused":              {ordersOn(servers, `lagTreshold: "5"`), nil, codeRefused, "did you mean lagThreshold?"},
		"credentials":          {ordersOn(servers, "sasl: plaintext"), nil, codeRefused, "name a connection"},
		"no such topic":        {strings.ReplaceAll(ordersOn(servers), "topic: orders", "topic: refunds"), nil, codeRefused, `"refunds" does not exist`},
		"no connection":        {ordersOn(servers), []string{"--connection", "prod"}, codeRefused, `connection "prod" is not configured`},
		"unreachable":          {ordersOn("127.0.0.1:1"), []string{"--timeout", "1m"}, codeNoAnswer, "127.0.0.1:1"},
		"not in time":          {ordersOn(silent.Addr().String()), []string{"--timeout", "300ms"}, codeNoAnswer, "still under way"},
		"no manifest":          {"kind: Deployment", nil, 1, "no ScaledObject"},
		"a field that is none": {strings.Replace(ordersOn(servers), "spec:", "spec:\n  maxReplicaCount: many", 1), nil, 0, "stdin:5:20: maxReplicaCount: want a whole number"},
		"no YAML":              {"a: b: c", nil, 1, "stdin:1:1"},
		"no format":            {ordersOn(servers), []string{"-o", "xml"}, 1, "text, json or yaml"},
		"environment":          {ordersOn(servers, "topicFromEnv: TOPIC"), nil, codeRefused, "--env TOPIC=VALUE"},
		"environment given":    {ordersOn(servers, "consumerGroupFromEnv: GROUP"), []string{"--env", "GROUP=billing"}, 0, ""},
	} {
		t.Run(name, func(t *testing.T) {
			code, out, errs := explains(t, c.manifest, append(c.args, "-")...)
			if code != c.code || !strings.Contains(errs, c.says) {
				t.Errorf("exit code %d, %q\n%s\nwant %d and %q", code, errs, out, c.code, c.says)
			}
		})
	}
}

func TestExplainUsesNamedConnections(t *testing.T) {
	servers := embedded(t, time.Now())
	settings := filepath.Join(t.TempDir(), "lagwise.yaml")
	if err := os.WriteFile(settings, []byte("connections:\n  - name: prod\n    bootstrapServers: ["+servers+"]\nallowedBrokers: []\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, _, errs := explains(t, ordersOn(servers), "--config", settings, "-"); code != codeRefused || !strings.Contains(errs, "allowedBrokers") {
		t.Errorf("exit code %d: %s", code, errs)
	}
	loggedIn := strings.Replace(ordersOn(servers, "scalerAddress: lagwise.keda.svc:6000", "authenticationRefName: kafka"), "type: kafka", "type: external", 1)
	for _, manifest := range []string{ordersOn(servers), loggedIn} {
		if code, out, errs := explains(t, manifest, "--config", settings, "--connection", "prod", "-"); code != 0 || !strings.Contains(out, "active") {
			t.Errorf("exit code %d: %s of %s", code, errs, manifest)
		}
	}
}

func TestExplainAsksARunningLagwise(t *testing.T) {
	registry := scalers.NewRegistry(map[string]scalers.Factory{"kafka": func(scalers.Trigger) scalers.Scaler {
		return scalers.NewRefused(scalers.Metric{Name: "kafka-orders", Target: 5}, scalers.Errorf(scalers.CauseUnreachable, "Kafka is away"))
	}}, scalers.RegistryOptions{})
	if _, _, err := registry.Acquire(scalers.Trigger{Namespace: "shop", Name: "orders"}); err != nil {
		t.Fatal(err)
	}
	page := httptest.NewServer(explain.Handler(registry))
	defer page.Close()
	code, out, errs := explains(t, "", "--server", page.URL, "shop/orders")
	if code != codeNoAnswer || !strings.Contains(out, "no answer: Kafka is away") || strings.Contains(out, "Replicas") {
		t.Errorf("exit code %d, %s: %s", code, errs, out)
	}
	code, out, _ = explains(t, ordersOn("kafka:9092"), "--server", page.URL, "shop/orders", "-f", "-", "--replicas", "4")
	if code != codeNoAnswer || !strings.Contains(out, "stays at 4") {
		t.Errorf("exit code %d: %s", code, out)
	}
	for args, says := range map[string]string{"shop/refunds": "refunds", "orders": "NAMESPACE/NAME"} {
		if code, _, errs = explains(t, "", "--server", page.URL, args); code != 1 || !strings.Contains(errs, says) {
			t.Errorf("exit code %d: %s", code, errs)
		}
	}
	page.Close()
	if code, _, errs = explains(t, "", "--server", page.URL, "shop/orders"); code != codeNoAnswer {
		t.Errorf("exit code %d: %s", code, errs)
	}
}
