package schema_test

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"

	"github.com/lagwise/lagwise/internal/schema"
	"github.com/lagwise/lagwise/scalers"
	"github.com/lagwise/lagwise/scalers/cron"
	"github.com/lagwise/lagwise/scalers/kafka"
	"github.com/lagwise/lagwise/scalers/rabbitmq"
)

func tables() map[string]scalers.KeyTable {
	return map[string]scalers.KeyTable{"cron": cron.Keys(), "kafka": kafka.Keys(), "rabbitmq": rabbitmq.Keys()}
}

func compile(t *testing.T, made schema.Schema) *jsonschema.Schema {
	t.Helper()
	text, err := json.Marshal(made)
	if err != nil {
		t.Fatal(err)
	}
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	compiler.DefaultDraft(jsonschema.Draft7)
	if err := compiler.AddResource("file:///lagwise.json", document); err != nil {
		t.Fatal(err)
	}
	compiled, err := compiler.Compile("file:///lagwise.json")
	if err != nil {
		t.Fatal(err)
	}
	return compiled
}

// What lagwise takes is never underlined, whatever it is: keys and values are put together at random, and each that the
// decoder takes the schema must take.
func TestNoFalseAlarm(t *testing.T) {
	t.Parallel()
	values := []string{
		"", " ", "true", "false", "T", "0", " 1 ", "5", "+10", "-3", "007", "9223372036854775807", "30s", "5m", "1h2m3.5s", ".5h", "300", "2.5", "1e3", "0x1p4", "orders", "a,b",
		"latest", "earliest", " latest ", "lag", "newRecords", "sum", "max", "ceil", "floor", "gate", "report", "hold", "none", "enable", "kafka:9092", "1,3-5", "0 8 * * *", "0 9 * * *",
		"Asia/Seoul", "0 8 * * * | 0 9 * * * | 2", "nextEnd", "2026-12-25", "1.0.0", "partitions", "read_committed", "orders=5",
	}
	for name, table := range tables() {
		compiled := compile(t, schema.Metadata(table))
		r := rand.New(rand.NewPCG(1, 2))
		taken := 0
		takes := map[string][]string{} // by itself
		for _, key := range table {
			for _, value := range values {
				if trimmed := strings.TrimSpace(value); trimmed == "" || key.Origin != scalers.Credential {
					if _, err := key.Parse(trimmed); trimmed == "" || err == nil {
						takes[key.Name] = append(takes[key.Name], value)
					}
				}
			}
		}
		for range 3000 {
			metadata, document := map[string]string{}, map[string]any{}
			add := func(key, value string) { metadata[key], document[key] = value, value }
			for _, key := range table {
				switch {
				case key.Required:
					add(key.Name, []string{"orders", "UTC"}[r.IntN(2)])
				case r.IntN(12) == 0:
					add(key.Name, takes[key.Name][r.IntN(len(takes[key.Name]))])
				case key.FromEnv && r.IntN(20) == 0:
					add(key.Name+"FromEnv", values[r.IntN(len(values))])
				}
			}
			if _, _, err := table.Decode(metadata); err != nil {
				continue
			}
			taken++
			if err := compiled.Validate(document); err != nil {
				t.Fatalf("%s: %v is taken, and underlined: %v", name, metadata, err)
			}
		}
		if taken < 1000 {
			t.Errorf("%s: only %d triggers were taken", name, taken)
		}
	}
}

func TestMetadata(t *testing.T) {
	t.Parallel()
	compiled := compile(t, schema.Metadata(kafka.Keys()))
	for _, c := range []struct {
		name, metadata string
		good           bool
	}{
		{"a trigger", `{"consumerGroup": "g", "lagThreshold": "5", "allowIdleConsumers": "true", "bootstrapServersFromEnv": "BROKERS"}`, true},
		{"a group of the environment", `{"consumerGroupFromEnv": "GROUP"}`, true},
		{"no group", `{"topic": "a"}`, false},
		{"misspelt", `{"consumerGroup": "g", "lagThresold": "5"}`, false},
		{"a number", `{"consumerGroup": "g", "lagThreshold": 5}`, false},
		{"no number", `{"consumerGroup": "g", "lagThreshold": "many"}`, false},
		{"a boolean", `{"consumerGroup": "g", "allowIdleConsumers": false}`, false},
		{"no boolean", `{"consumerGroup": "g", "allowIdleConsumers": "no"}`, false},
		{"not a choice", `{"consumerGroup": "g", "offsetResetPolicy": "newest"}`, false},
		{"no duration", `{"consumerGroup": "g", "quietPeriod": "5 minutes"}`, false},
		{"keys that exclude each other", `{"consumerGroup": "g", "topic": "a", "topicPattern": "b"}`, false},
		{"keys that would, and are not in effect", `{"consumerGroup": "g", "allowIdleConsumers": "false", "limitToPartitionsWithLag": "true"}`, true},
		{"flags that exclude each other", `{"consumerGroup": "g", "allowIdleConsumers": "1", "limitToPartitionsWithLag": "true"}`, false},
		{"a credential", `{"consumerGroup": "g", "password": "hunter2"}`, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var document any
			if err := json.Unmarshal([]byte(c.metadata), &document); err != nil {
				t.Fatal(err)
			}
			if err := compiled.Validate(document); (err == nil) != c.good {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestOneKeyInPlaceOfAnother(t *testing.T) {
	t.Parallel()
	compiled := compile(t, schema.Metadata(scalers.KeyTable{
		{Name: "connection", Kind: scalers.KindText, Required: true, Instead: "login"}, {Name: "login", Kind: scalers.KindText},
	}))
	for key, good := range map[string]bool{"connection": true, "login": true, "other": false} {
		if err := compiled.Validate(map[string]any{key: "x"}); (err == nil) != good {
			t.Errorf("%s alone: %v", key, err)
		}
	}
}

func TestWorkloads(t *testing.T) {
	t.Parallel()
	compiled := compile(t, schema.Workloads(tables(), map[string]string{"kafka": "kafka", "cron": "cron"}))
	of := func(trigger string) string { return "kind: ScaledObject\nspec: {triggers: [" + trigger + "]}" }
	for _, c := range []struct {
		name, text string
		good       bool
	}{
		{"another kind", "kind: Deployment\nspec: {triggers: 5}", true},
		{"no kind", "replicaCount: 5", true},
		{"no triggers", "kind: ScaledJob\nspec: {triggers: []}", false},
		{"ours by its address", of("{type: external, metadata: {scalerAddress: 'lagwise:6000', consumerGroup: g, colour: green}}"), false},
		{"ours by its group", of("{type: external, metadata: {scalerAddress: 'x:6000', consumerGroup: g, colour: green}}"), false},
		{"somebody else's", of("{type: external, metadata: {scalerAddress: 'x:6000', colour: green}}"), true},
		{"somebody else's, unquoted", of("{type: external, metadata: {scalerAddress: 'x:6000', colour: 5}}"), false},
		{"ours by its scaler", of("{type: external-push, metadata: {scalerAddress: 'x:6000', scaler: cron, colour: green}}"), false},
		{"cron", of("{type: external-push, metadata: {scalerAddress: 'lagwise:6000', scaler: cron, timezone: UTC, start: 0 8 * * *, end: 0 9 * * *, desiredReplicas: '2'}}"), true},
		{"KEDA's kafka", of("{type: kafka, metadata: {consumerGroup: g, awsEndpoint: x, lagThreshold: '5'}}"), true},
		{"KEDA's kafka with a key of lagwise's", of("{type: kafka, metadata: {consumerGroup: g, quietPeriod: 5m}}"), false},
		{"KEDA's cron", of("{type: cron, metadata: {timezone: UTC, desiredReplicas: 2}}"), false},
		{"another source", of("{type: rabbitmq, metadata: {queueName: a}}"), true},
		{"RabbitMQ by lagwise", of("{type: external-push, metadata: {scalerAddress: 'x:6000', scaler: rabbitmq, queueName: a, value: many}}"), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if err := compiled.Validate(document(t, []byte(c.text))); (err == nil) != c.good {
				t.Errorf("%v", err)
			}
		})
	}
}

// Nothing is underlined in what people copy from here.
func TestExamples(t *testing.T) {
	t.Parallel()
	compiled := compile(t, schema.Workloads(tables(), map[string]string{"kafka": "kafka", "cron": "cron", "apache-kafka": "kafka"}))
	paths, err := filepath.Glob("../../examples/kafka*.yaml")
	if err != nil || len(paths) < 20 {
		t.Fatalf("%d examples: %v", len(paths), err)
	}
	for _, path := range append(paths, "../../examples/cron-windows.yaml") {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := compiled.Validate(document(t, text)); err != nil {
			t.Errorf("%s: %v", path, err)
		}
	}
}

// document is YAML as a JSON schema sees it.
func document(t *testing.T, text []byte) any {
	t.Helper()
	var read any
	if err := yaml.Unmarshal(text, &read); err != nil {
		t.Fatal(err)
	}
	asJSON, err := json.Marshal(read)
	if err != nil {
		t.Fatal(err)
	}
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(asJSON))
	if err != nil {
		t.Fatal(err)
	}
	return document
}
