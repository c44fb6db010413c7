package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/lagwise/lagwise/scalers"
	"github.com/lagwise/lagwise/scalers/kafka"
	"github.com/lagwise/lagwise/scalers/kafka/cluster"
	"github.com/lagwise/lagwise/scalers/newrelic/nerdgraph"
	"github.com/lagwise/lagwise/scalers/secret"
)

// Whoever copies an example gets a trigger that is not refused. That KEDA and Kubernetes take it is for the end-to-end tests.
func TestExamplesAreNotRefused(t *testing.T) {
	t.Parallel()
	paths, err := filepath.Glob("../../examples/*.yaml")
	if err != nil || len(paths) == 0 {
		t.Fatalf("found no example: %v", err)
	}
	for _, path := range paths {
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		triggers := triggersIn(t, content)
		if len(triggers) == 0 {
			t.Errorf("%s: found no trigger", path)
		}
		for _, trigger := range triggers {
			if trigger.Type != "external" && trigger.Type != "external-push" {
				continue // KEDA's own
			}
			if err := refusal(t, trigger.Metadata); err != nil {
				t.Errorf("%s: %v", path, err)
			}
		}
	}
}

type writtenTrigger struct {
	Type     string
	Metadata map[string]string
}

// triggersIn are those of all objects of a file.
func triggersIn(t *testing.T, content []byte) (triggers []writtenTrigger) {
	t.Helper()
	for decoder := yaml.NewDecoder(bytes.NewReader(content)); ; {
		var object struct {
			Spec struct{ Triggers []writtenTrigger }
		}
		err := decoder.Decode(&object)
		if errors.Is(err, io.EOF) {
			return triggers
		}
		if err != nil {
			t.Fatal(err)
		}
		triggers = append(triggers, object.Spec.Triggers...)
	}
}

// refusal is why nobody answers for a trigger with such metadata, where a connection prod is configured; nil where somebody does.
func refusal(t *testing.T, metadata map[string]string) error {
	t.Helper()
	sources := assumedSources()
	sources.connections = kafka.NewConnections(map[string]kafka.Grant{
		"prod": {Connection: cluster.Connection{Name: "prod", SASL: &cluster.SASL{Mechanism: cluster.Plain}, TLS: &cluster.TLS{}}},
	}, scalers.InCluster)
	sources.newRelicConnections = scalers.NewConnections(map[string]scalers.Grant[nerdgraph.Connection]{
		"new-relic": {Connection: nerdgraph.Connection{Name: "new-relic", Account: 1, HasAccount: true}},
	})
	factories := sources.factories(slog.New(slog.DiscardHandler))
	factories[""] = factories[scalers.DefaultScaler]
	build, known := factories[metadata["scaler"]]
	if !known {
		return fmt.Errorf("nobody answers for %q", metadata["scaler"])
	}
	trigger := scalers.Trigger{Metadata: metadata}
	if _, names := scalers.AuthenticationOf(trigger); names {
		trigger.Credentials = map[string]secret.Text{"host": "amqp://me:secret@rabbit.svc", "sasl": "plaintext", "username": "me", "password": "secret", "queryKey": "NRAK"}
	}
	refused, is := build(trigger).(*scalers.Refused)
	if !is {
		return nil
	}
	_, err := refused.Evaluate(t.Context())
	return err
}
