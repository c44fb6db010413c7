package audit

import (
	"encoding/json"
	"fmt"
	"strings"
)

// Owner names a workload.
type Owner struct{ Kind, Namespace, Name string }

// State is what KEDA has written of a workload (KEDA: apis/keda/v1alpha1, ScaledObjectStatus). Versions before 2.19 say less.
type State struct {
	ExternalMetricNames []string            `json:"externalMetricNames"`
	HPAName             string              `json:"hpaName"`
	TriggersActivity    map[string]Activity `json:"triggersActivity"`
	Health              map[string]Health   `json:"health"`
	Conditions          []Condition         `json:"conditions"`
	// Paused is that of the annotations.
	Paused bool `json:"-"`
}

// Activity is whether KEDA saw work at its latest poll.
type Activity struct {
	IsActive bool `json:"isActive"`
}

// Health counts failures in a row; KEDA keeps it for workloads with a fallback alone.
type Health struct {
	NumberOfFailures int    `json:"numberOfFailures"`
	Status           string `json:"status"`
}

// Condition is one of Ready, Active, Fallback and Paused.
type Condition struct {
	Type    string `json:"type"`
	Status  string `json:"status"`
	Message string `json:"message"`
}

// States reads the states out of a list in JSON, as kubectl prints it.
func States(list []byte) (map[Owner]State, error) {
	var read struct {
		Items []struct {
			Kind     string `json:"kind"`
			Metadata struct {
				Namespace   string            `json:"namespace"`
				Name        string            `json:"name"`
				Annotations map[string]string `json:"annotations"`
			} `json:"metadata"`
			Status State `json:"status"`
		} `json:"items"`
	}
	if err := json.Unmarshal(list, &read); err != nil {
		return nil, fmt.Errorf("reading the state of workloads: %w", err)
	}
	states := map[Owner]State{}
	for _, item := range read.Items {
		state := item.Status
		_, replicas := item.Metadata.Annotations["autoscaling.keda.sh/paused-replicas"]
		state.Paused = replicas || item.Metadata.Annotations["autoscaling.keda.sh/paused"] == "true"
		states[Owner{item.Kind, item.Metadata.Namespace, item.Metadata.Name}] = state
	}
	return states, nil
}

// metric is the name under which KEDA tells the HPA of a trigger; false where it has not taken the trigger up.
func (s State) metric(index int) (string, bool) {
	for _, name := range s.ExternalMetricNames {
		if strings.HasPrefix(name, fmt.Sprintf("s%d-", index)) {
			return name, true
		}
	}
	return "", false
}

// is says whether a condition is True.
func (s State) is(condition string) bool {
	for _, c := range s.Conditions {
		if c.Type == condition {
			return c.Status == "True"
		}
	}
	return false
}
