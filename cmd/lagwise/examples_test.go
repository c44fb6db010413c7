package main

import (
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/lagwise/lagwise/scalers"
	"github.com/lagwise/lagwise/scalers/cron"
	"github.com/lagwise/lagwise/scalers/kafka"
	"github.com/lagwise/lagwise/scalers/kafka/cluster"
)

// Whoever copies an example gets a trigger that is not refused. That KEDA and Kubernetes take it is for the end-to-end tests.
func TestExamplesAreNotRefused(t *testing.T) {
	t.Parallel()
	paths, err := filepath.Glob("../../examples/*.yaml")
	if err != nil || len(paths) == 0 {
		t.Fatalf("found no example: %v", err)
	}
	nobody := func(cluster.Connection, cluster.Want) (kafka.Subscription, error) {
		return nil, errors.New("no Kafka here")
	}
	connections := map[string]cluster.Connection{"prod": {Name: "prod", SASL: &cluster.SASL{Mechanism: cluster.Plain}, TLS: &cluster.TLS{}}}
	log := slog.New(slog.DiscardHandler)
	factories := map[string]scalers.Factory{"": kafka.New(nobody, connections, log), "cron": cron.New(log)}
	for _, path := range paths {
		var example struct {
			Spec struct {
				Triggers []struct {
					Type     string
					Metadata map[string]string
				}
			}
		}
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := yaml.Unmarshal(content, &example); err != nil || len(example.Spec.Triggers) == 0 {
			t.Errorf("%s: found no trigger: %v", path, err)
		}
		for _, trigger := range example.Spec.Triggers {
			if trigger.Type != "external" && trigger.Type != "external-push" {
				continue // KEDA's own
			}
			build, known := factories[trigger.Metadata["scaler"]]
			if !known {
				t.Errorf("%s: nobody answers for %q", path, trigger.Metadata["scaler"])
				continue
			}
			if refused, is := build(scalers.Trigger{Metadata: trigger.Metadata}).(*scalers.Refused); is {
				_, err := refused.Evaluate(t.Context())
				t.Errorf("%s: %v", path, err)
			}
		}
	}
}
