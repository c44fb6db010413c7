package explain

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/lagwise/lagwise/internal/manifest"
	"github.com/lagwise/lagwise/scalers"
)

// Reading is how a manifest's triggers are read where no KEDA is.
type Reading struct {
	// Keys are every scaler's.
	Keys map[string]scalers.KeyTable
	// Answers says which scaler takes a trigger's keys, and with own that it answers KEDA about the trigger already; ours is false for
	// triggers that lagwise has nothing to do with.
	Answers func(t manifest.Trigger, keys map[string]scalers.KeyTable) (scaler string, own, ours bool)
	// Namespace is that of manifests which leave it to kubectl.
	Namespace string
	// Connection stands in for a trigger's authenticationRef, or its authenticationRefName, where its scaler knows connections and it
	// names none; empty for none.
	Connection string
	// Environment is what KEDA would find in the workload's container for keys that end in FromEnv.
	Environment map[string]string
}

// Question is one trigger as it would be asked about.
type Question struct {
	// Report holds what the manifest says of the trigger.
	Report Trigger
	// Ask is what the scaler is built of; valid where Scaler is set. Otherwise lagwise has no answer.
	Ask    scalers.Trigger
	Scaler string
}

// Questions are a workload's, one for each trigger.
func (r Reading) Questions(w manifest.Workload) []Question {
	questions := make([]Question, len(w.Triggers))
	for i, trigger := range w.Triggers {
		questions[i] = r.question(w, trigger)
	}
	return questions
}

// NamespaceOf is the workload's, or the one for those that have none.
func (r Reading) NamespaceOf(w manifest.Workload) string {
	if w.Namespace == "" {
		return r.Namespace
	}
	return w.Namespace
}

func (r Reading) question(w manifest.Workload, trigger manifest.Trigger) Question {
	index := trigger.Index
	q := Question{Report: Trigger{Index: &index, Name: trigger.Name, Type: trigger.Type, MetricType: trigger.MetricType}}
	scaler, own, ours := r.Answers(trigger, r.Keys)
	switch {
	case !ours && (trigger.Type == "external" || trigger.Type == "external-push"):
		q.Report.Note = "another external scaler answers this trigger"
		return q
	case !ours:
		q.Report.Note = "KEDA answers this trigger itself"
		return q
	case !own:
		q.Report.Note = "KEDA answers this trigger itself: this is the same answer, by lagwise"
	}
	metadata, missing := r.resolved(trigger.Metadata)
	if missing != "" {
		q.Report.Failure = &Failure{Cause: scalers.CauseRefused.String(), Text: missing}
	}
	if !own {
		r.dropOwn(scaler, metadata)
	}
	metadata["scaler"] = scaler
	if r.Connection != "" && metadata[connection] == "" && r.knows(scaler, connection) {
		metadata[connection] = r.Connection
		scalers.DropAuthentication(metadata)
	}
	q.Scaler, q.Report.Scaler = scaler, scaler
	q.Ask = scalers.Trigger{Namespace: r.NamespaceOf(w), Name: w.Name, Metadata: metadata}
	return q
}

// connection is the key by which a trigger names a connection of the configuration, whatever its scaler.
const connection = "connection"

func (r Reading) knows(scaler, name string) bool {
	return slices.ContainsFunc(r.Keys[scaler], func(key scalers.Key) bool { return key.Name == name })
}

// dropOwn leaves out lagwise's own keys, which KEDA's scalers do not know.
func (r Reading) dropOwn(scaler string, metadata map[string]string) {
	for _, key := range r.Keys[scaler] {
		if key.Origin == scalers.Own {
			delete(metadata, key.Name)
		}
	}
}

// resolved puts values into the place of the names of environment variables, as KEDA does before it asks
// (KEDA: pkg/scalers/external_scaler.go). missing says which one is not known.
func (r Reading) resolved(written map[string]string) (metadata map[string]string, missing string) {
	metadata = maps.Clone(written)
	for _, key := range slices.Sorted(maps.Keys(written)) {
		name := strings.TrimSpace(written[key])
		if !strings.HasSuffix(key, "FromEnv") || name == "" {
			continue
		}
		value, known := r.Environment[name]
		if !known {
			return metadata, fmt.Sprintf("%s is the variable %s of the workload's container, which a manifest does not show: say --env %s=VALUE", key, name, name)
		}
		metadata[key] = value
	}
	return metadata, ""
}
