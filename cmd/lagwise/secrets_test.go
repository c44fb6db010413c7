package main

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lagwise/lagwise/internal/config"
	"github.com/lagwise/lagwise/scalers"
	"github.com/lagwise/lagwise/scalers/kafka/cluster"
)

// canceled spares the tests waiting for brokers that are not there.
func canceled(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return ctx
}

// withPassword is what people type where an address is wanted.
func withPassword() []string {
	return []string{
		"me:hunter2@kafka:9092", "hunter2@kafka:9092", "kafka-0:9092,me:hunter2@kafka-1:9092", "me:hunt,hunter2@kafka:9092", "SASL_SSL://me:hunter2@kafka:9092",
		"amqp://me:hunter2@rabbit:5672/shop", "htp://me:hunter2@rabbit", "amqp://me:hunter2@rab bit", "https://me:hunter2@login/token",
		"Endpoint=sb://bus.example.com/;SharedAccessKeyName=all;SharedAccessKey=hunter2", "kafka:9092;user=me;password=hunter2",
		`org.apache.kafka.common.security.plain.PlainLoginModule required username="me" password="hunter2";`,
	}
}

// A password that is typed into any key of a trigger is repeated in no answer, log line or metric's label.
func TestAPasswordInMetadataIsNotRepeated(t *testing.T) {
	t.Parallel()
	base := map[string]map[string]string{
		"kafka":     {"bootstrapServers": "kafka:9092", "consumerGroup": "g", "topic": "orders"},
		"rabbitmq":  {"scaler": "rabbitmq", "queueName": "orders", "queueLength": "5", "host": "amqp://rabbit:5672"},
		"new-relic": {"scaler": "new-relic", "nrql": "SELECT 1", "threshold": "5", "connection": "nr"},
		"cron":      {"scaler": "cron", "timezone": "UTC", "start": "0 1 * * *", "end": "0 2 * * *", "desiredReplicas": "2"},
	}
	// These hold the name of what is counted, which is the metric's as well, or times and numbers, whose errors show the part that is wrong.
	shown := map[string]bool{
		"topic": true, "consumerGroup": true, "queueName": true, "nrql": true, "topicPattern": true,
		"start": true, "end": true, "excludeDates": true, "partitionLimitation": true,
	}
	var log bytes.Buffer
	logger := slog.New(slog.NewTextHandler(&log, nil))
	settings := config.Config{AllowedBrokers: []string{"*"}, SecretsInMetadata: "always"}
	registry := scalers.NewRegistry(openSources(settings, cluster.Options{}, logger).factories(logger), scalers.RegistryOptions{Log: logger})
	asked := 0
	for scaler, table := range keyTables() {
		for _, key := range table {
			for _, password := range withPassword() {
				if shown[key.Name] {
					continue
				}
				asked++
				trigger := scalers.Trigger{Namespace: "shop", Name: fmt.Sprint(asked), Metadata: maps.Clone(base[scaler])}
				trigger.Metadata[key.Name] = password
				lent, release, err := registry.Acquire(trigger)
				if err != nil {
					t.Fatal(err)
				}
				release()
				standing := registry.Named("shop", trigger.Name)[0]
				if strings.Contains(standing.Connection, "hunter2") || key.Name == "bootstrapServers" && standing.Connection != "" {
					t.Errorf("%s of %s: connection %s", key.Name, scaler, standing.Connection)
				}
				if _, err = lent.Evaluate(canceled(t)); err != nil && strings.Contains(err.Error(), "hunter2") {
					t.Errorf("%s of %s: %v", key.Name, scaler, err)
				}
			}
		}
	}
	if asked < 500 || strings.Contains(log.String(), "hunter2") {
		t.Errorf("%d asked, logged:\n%s", asked, log.String())
	}
}

// Nor does any command repeat one, of a configuration or of a manifest.
func TestNoCommandRepeatsAPassword(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	secret := write("secret", "x")
	for i, password := range withPassword() {
		var commands [][]string
		for j, text := range []string{
			fmt.Sprintf("allowedBrokers: [%q]", password), fmt.Sprintf("listen: %q", password), fmt.Sprintf("traces: {endpoint: %q}", password),
			fmt.Sprintf("connections: [{name: k, bootstrapServers: [%q]}]", password), fmt.Sprintf("connections: [{name: k, bootstrapServers: %q}]", password),
			fmt.Sprintf("connections: [{name: %q, bootstrapServers: ['kafka:9092']}]", password), fmt.Sprintf("connections: [{name: k, type: %q}]", password),
			fmt.Sprintf("connections: [{name: r, type: rabbitmq, amqp: %q}]", password), fmt.Sprintf("connections: [{name: r, type: rabbitmq, management: %q}]", password),
			fmt.Sprintf("connections: [{name: n, type: new-relic, queryKeyFile: %s, url: %q}]", secret, password),
			fmt.Sprintf("connections: [{name: k, bootstrapServers: ['kafka:9092'], sasl: {mechanism: OAUTHBEARER, clientId: me, clientSecretFile: %s, tokenUrl: %q}}]", secret, password),
			fmt.Sprintf("connections: [{name: k, bootstrapServers: ['kafka:9092'], sasl: {mechanism: %q}}]", password), fmt.Sprintf("%q: 5", password),
		} {
			commands = append(commands, []string{"serve", "--check-config", "--config", write(fmt.Sprintf("config-%d-%d.yaml", i, j), text)})
		}
		for j, trigger := range []string{
			fmt.Sprintf("{type: external, metadata: {scalerAddress: 'lagwise:6000', bootstrapServers: %q, consumerGroup: g, topic: orders}}", password),
			fmt.Sprintf("{type: external, metadata: {scalerAddress: %q, bootstrapServers: 'kafka:9092', consumerGroup: g, topic: orders}}", password),
			fmt.Sprintf("{type: external, metadata: {scalerAddress: 'lagwise:6000', connection: %q, consumerGroup: g, topic: orders}}", password),
			fmt.Sprintf("{type: kafka, metadata: {bootstrapServers: %q, consumerGroup: g, topic: orders}}", password),
			fmt.Sprintf("{type: rabbitmq, metadata: {host: %q, queueName: orders, mode: QueueLength, value: '5'}}", password),
			fmt.Sprintf("{type: rabbitmq, metadata: {host: [%q], queueName: orders, mode: QueueLength, value: '5'}}", password),
			fmt.Sprintf("{type: %q, metadata: {}}", password),
		} {
			path := write(fmt.Sprintf("object-%d-%d.yaml", i, j), "apiVersion: keda.sh/v1alpha1\nkind: ScaledObject\nmetadata: {name: worker, namespace: shop}\nspec:\n"+
				"  scaleTargetRef: {name: worker}\n  triggers:\n    - "+trigger+"\n")
			commands = append(commands, []string{"lint", path}, []string{"lint", "--format", "json", path}, []string{"explain", path}, []string{"simulate", path})
		}
		for _, command := range commands {
			var out, problems bytes.Buffer
			run(canceled(t), command, &out, &problems)
			if said := out.String() + problems.String(); strings.Contains(said, "hunter2") {
				text, _ := os.ReadFile(command[len(command)-1])
				t.Errorf("%s\nrepeats it:\n%s\nof %s", command, said, text)
			}
		}
	}
}
