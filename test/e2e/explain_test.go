package e2e_test

import (
	"encoding/json"
	"fmt"
	"strconv"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/lagwise/lagwise/internal/explain"
	"github.com/lagwise/lagwise/test/e2e/stage"
)

// What "lagwise explain" says of an applied ScaledObject before anything has happened is what KEDA and the HPA then do: nothing
// consumes here, so the lag stands still.
func TestExplainSaysWhatKEDAAndTheHPADo(t *testing.T) {
	t.Parallel()
	s := shared.Scenario(t)
	const partitions, records = 4, 100
	topic, group := s.Topic("receipts", partitions), s.Group("receipts")
	for partition := range int32(partitions) {
		s.Commit(group, topic, partition, 0)
	}
	s.Produce(topic, 0, records) // ten replicas' worth
	for name, c := range map[string]struct {
		edits    []stage.Edit
		replicas int32
		boundBy  explain.Bound
	}{
		"by-partitions": {nil, partitions, "partition limit"},
		"by-max":        {[]stage.Edit{stage.Set(2, "spec", "maxReplicaCount")}, 2, explain.BoundMax},
		"by-min":        {[]stage.Edit{stage.Set(6, "spec", "minReplicaCount")}, 6, explain.BoundMin},
		"unbound":       {[]stage.Edit{stage.Set("true", "spec", "triggers", 0, "metadata", "allowIdleConsumers")}, 10, ""},
	} {
		s.Deploy(name, stage.Pause())
		applied := s.Apply("kafka-polled-zero.yaml", append([]stage.Edit{stage.Named(name), stage.Set(12, "spec", "maxReplicaCount")}, c.edits...)...)
		said := explained(t, s, applied, 0)
		if said.ComesTo == nil || *said.ComesTo != c.replicas || said.BoundBy != c.boundBy {
			t.Errorf("%s: explain says %+v, want %d by %q", name, said, c.replicas, c.boundBy)
			continue
		}
		s.Replicas(name).Reach(c.replicas, stage.Patience)
		s.Eventually(stage.Patience, func() error {
			hpa, err := s.HPA(name)
			if err != nil {
				return err
			}
			if hpa.Status.DesiredReplicas != c.replicas {
				return fmt.Errorf("the HPA wants %d replicas, explain said %d", hpa.Status.DesiredReplicas, c.replicas)
			}
			return nil
		})
		if stays := explained(t, s, applied, c.replicas); *stays.ComesTo != c.replicas || len(stays.Steps) > 0 {
			t.Errorf("%s: at %d replicas explain says %+v", name, c.replicas, stays)
		}
		s.Figure(name, said.Text)
	}
}

func explained(t *testing.T, s *stage.Scenario, applied *unstructured.Unstructured, now int32) explain.Replicas {
	t.Helper()
	manifest, err := applied.MarshalJSON()
	s.Fatal(err)
	said, err := s.Lagwise.Explain(s.Context(), manifest, "-o", "json", "--replicas", strconv.Itoa(int(now)))
	s.Fatal(err)
	var report explain.Report
	s.Fatal(json.Unmarshal(said, &report))
	if report.Replicas == nil {
		t.Fatalf("no replicas in %s", said)
	}
	return *report.Replicas
}
