package audit

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/lagwise/lagwise/internal/lint"
	"github.com/lagwise/lagwise/internal/manifest"
	"github.com/lagwise/lagwise/scalers"
)

// Key names one trigger in a cluster.
type Key struct {
	// Kind is ScaledObject or ScaledJob.
	Kind      string `json:"kind"`
	Namespace string `json:"namespace"`
	Workload  string `json:"workload"`
	// Index is the trigger's position in the list, from 0.
	Index int `json:"trigger"`
}

func (k Key) String() string {
	kind := ""
	if k.Kind == manifest.ScaledJob {
		kind = " (ScaledJob)"
	}
	return fmt.Sprintf("%s/%s%s, trigger %d", k.Namespace, k.Workload, kind, k.Index)
}

// Subject is one trigger that is audited, and what Kubernetes says of its workload.
type Subject struct {
	Key
	Trigger manifest.Trigger
	Spec    manifest.Spec
	State   State
	// Scaler is the source of lagwise's that takes such triggers; Own says that lagwise answers for the trigger already.
	Scaler string
	Own    bool
	Keys   scalers.KeyTable
	// Plan is how lagwise is asked.
	Plan Plan
}

// Known is what a Subject is made with, beside what the cluster says.
type Known struct {
	Keys        map[string]scalers.KeyTable
	Connections []Connection
	// Chosen are connections by the name of a TriggerAuthentication, alone or behind a namespace: "shop/kafka".
	Chosen map[string]string
}

// Subjects are the triggers of the workloads that lagwise has a scaler for, in order of namespace and name.
func Subjects(workloads []manifest.Workload, states map[Owner]State, known Known) []Subject {
	var subjects []Subject
	for _, w := range workloads {
		for _, t := range w.Triggers {
			scaler, own, ours := lint.Answers(t, known.Keys)
			if !ours {
				continue
			}
			s := Subject{
				Key:     Key{Kind: w.Kind, Namespace: w.Namespace, Workload: w.Name, Index: t.Index},
				Trigger: t, Spec: w.Spec, State: states[Owner{w.Kind, w.Namespace, w.Name}], Scaler: scaler, Own: own, Keys: known.Keys[scaler],
			}
			s.Plan = s.plan(known)
			subjects = append(subjects, s)
		}
	}
	slices.SortStableFunc(subjects, func(a, b Subject) int {
		return cmp.Or(strings.Compare(a.Namespace, b.Namespace), strings.Compare(a.Workload, b.Workload), strings.Compare(a.Kind, b.Kind), cmp.Compare(a.Index, b.Index))
	})
	return subjects
}

// SameTrigger says whether two readings of a cluster found the trigger as it was.
func (s Subject) SameTrigger(other Subject) bool {
	return s.Key == other.Key && s.Trigger.Type == other.Trigger.Type && maps.Equal(s.Trigger.Metadata, other.Trigger.Metadata)
}

// Asked is the trigger as lagwise's factories take it.
func (s Subject) Asked() scalers.Trigger {
	return scalers.Trigger{Namespace: s.Namespace, Name: s.Workload, Metadata: s.Plan.Metadata}
}

// given is a key's value, trimmed; empty means that it is not set.
func (s Subject) given(key string) string { return strings.TrimSpace(s.Trigger.Metadata[key]) }

// knows says whether the trigger's scaler has such a key.
func (s Subject) knows(key string) bool {
	return slices.ContainsFunc(s.Keys, func(k scalers.Key) bool { return k.Name == key })
}

// flag reads a key that is true or false.
func (s Subject) flag(key string) bool {
	values, _, _ := s.Keys.Decode(map[string]string{key: s.given(key)})
	return s.knows(key) && values.Flag(key)
}

// pollingInterval is in seconds, KEDA's default unless written.
func (s Subject) pollingInterval() int {
	if s.Spec.PollingInterval == nil || *s.Spec.PollingInterval <= 0 {
		return 30
	}
	return int(*s.Spec.PollingInterval)
}

// Patience is for how long KEDA may see no work where lagwise does, or the other way round: until its next poll has come to an end.
func (s Subject) Patience() time.Duration {
	const poll = 15 * time.Second
	return time.Duration(s.pollingInterval())*time.Second + poll
}
