package manifest

import "go.yaml.in/yaml/v3"

// The kinds of workload that KEDA scales.
const (
	ScaledObject = "ScaledObject"
	ScaledJob    = "ScaledJob"
)

// Workload is a ScaledObject or a ScaledJob.
type Workload struct {
	// Kind is ScaledObject or ScaledJob.
	Kind string
	// Namespace is empty where the manifest leaves it to kubectl.
	Namespace, Name string
	Annotations     map[string]string
	// Source is the template that "helm template" made it of, as its comment says; empty without one.
	Source string
	// Place is where its document, or its item of a list, begins.
	Place    Place
	Spec     Spec
	Triggers []Trigger
	// Problems are fields that cannot hold what they are given, as the API server would say; they read as absent.
	Problems []*Error
	// Node is the whole object. Its lines are those of the file, unlike those of yaml.Unmarshal.
	Node *yaml.Node
}

// At is the place of a field's name, such as At("spec", "minReplicaCount"); false when it is not written.
func (w Workload) At(path ...string) (Place, bool) {
	r := newReader(w.Place.File, w.Node)
	place, found := w.Place, false
	fields := r.mapping(w.Node)
	for i, name := range path {
		pair, has := fields.last(name)
		if !has {
			return Place{}, false
		}
		place, found = r.place(pair.key), true
		if i < len(path)-1 {
			fields = r.mapping(pair.value)
		}
	}
	return place, found
}

// Trigger is one of a workload's triggers.
type Trigger struct {
	// Index is its position in the list, from 0.
	Index int
	// Type is KEDA's word: external, external-push, kafka, cron and so on.
	Type string
	// Name is empty unless the user gave one.
	Name string
	// Metadata is every value as text, also where it should have been quoted; of a key that is written twice the last, as
	// kubectl has it. Values that are no text at all, such as lists, are left out.
	Metadata map[string]string
	// Entries are the keys of the metadata in their order, those that came by a merge ("<<") last.
	Entries []Entry
	// Authentication is nil without an authenticationRef.
	Authentication *Authentication
	// MetricType is AverageValue or Value; empty stands for KEDA's default, AverageValue.
	MetricType       string
	UseCachedMetrics bool
	Place            Place
	Node             *yaml.Node
}

// Entry is one key of a trigger's metadata.
type Entry struct {
	Key, Value           string
	KeyPlace, ValuePlace Place
	// Tag is the type that kubectl and Helm take the value for: !!str, !!bool, !!int, !!float, !!null, !!map or !!seq. The
	// API server takes !!str only.
	Tag string
	// Merged says that the entry stands elsewhere, and comes by a merge or an alias.
	Merged bool
	// KeyNode and ValueNode are where it is written.
	KeyNode, ValueNode *yaml.Node
}

// Entry finds the entry that counts for a key: the last one.
func (t Trigger) Entry(key string) (Entry, bool) {
	found, has := Entry{}, false
	for _, entry := range t.Entries {
		if entry.Key == key {
			found, has = entry, true
		}
	}
	return found, has
}

// Authentication is a trigger's authenticationRef.
type Authentication struct {
	Name string
	// Kind is TriggerAuthentication or ClusterTriggerAuthentication.
	Kind  string
	Place Place
	Node  *yaml.Node
}

// At is the place of one of the trigger's own fields, such as type, or of the trigger when it is not written.
func (t Trigger) At(field string) Place {
	r := newReader(t.Place.File, t.Node)
	if pair, found := r.mapping(t.Node).last(field); found {
		return r.place(pair.key)
	}
	return t.Place
}
