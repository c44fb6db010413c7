package lint

import (
	"strings"

	"github.com/lagwise/lagwise/internal/manifest"
	"github.com/lagwise/lagwise/scalers"
)

// owner says who answers for a trigger.
type owner int

const (
	// somebody is another scaler of KEDA's, or another external scaler: none of our business.
	somebody owner = iota
	lagwise
	builtin
)

// trigger is a trigger and how it reads.
type trigger struct {
	manifest.Trigger
	owner owner
	// keys is the scaler's table; for a built-in trigger the keys that KEDA shares with it. It is nil where there is no such scaler.
	keys scalers.KeyTable
	// own are the keys of the scaler that KEDA's built-in trigger does not read from metadata, and that have rules of their own.
	own   scalers.KeyTable
	build scalers.Factory
	// values are the metadata as the scaler reads it, with defaults for what is wrong.
	values scalers.Values
	// namespace and name are the workload's.
	namespace, workload string
}

// The types by which KEDA consults an external scaler.
const (
	typePolled = "external"
	typePushed = "external-push"
)

func (l Linter) trigger(w manifest.Workload, t manifest.Trigger) trigger {
	found := trigger{Trigger: t, namespace: w.Namespace, workload: w.Name}
	if name, is := Builtin()[t.Type]; is {
		found.owner, found.build = builtin, l.Sources[name].Build
		for _, key := range l.Sources[name].Keys {
			switch key.Origin {
			case scalers.FromKEDA:
				key.Excludes = kedaExcludes(t.Type, key, l.Sources[name].Keys)
				found.keys = append(found.keys, key)
			case scalers.Own, scalers.Credential:
				found.own = append(found.own, key)
			case scalers.Link:
			}
		}
	} else if source := l.Sources[found.scaler()]; IsOurs(t, Tables(l.Sources)) {
		found.owner, found.keys, found.build = lagwise, source.Keys, source.Build
	}
	found.values, _, _ = found.keys.Decode(t.Metadata)
	return found
}

// Answers says which scaler of lagwise takes a trigger's keys; own says that lagwise answers for it already. It is false for triggers
// that are none of our business.
func Answers(t manifest.Trigger, tables map[string]scalers.KeyTable) (scaler string, own, ours bool) {
	if name, is := Builtin()[t.Type]; is {
		return name, false, true
	}
	return trigger{Trigger: t}.scaler(), true, IsOurs(t, tables)
}

// IsOurs says whether an external trigger is lagwise's: by a scaler that lagwise has, by an address with lagwise in it, or by a
// key that says what to scale on, such as consumerGroup. Other external scalers' triggers are none of our business.
func IsOurs(t manifest.Trigger, tables map[string]scalers.KeyTable) bool {
	if t.Type != typePolled && t.Type != typePushed {
		return false
	}
	if strings.Contains(t.Metadata["scalerAddress"], "lagwise") {
		return true
	}
	if name, named := t.Metadata["scaler"]; named {
		return tables[name] != nil
	}
	for _, entry := range t.Entries {
		if key, known := find(tables[scalers.DefaultScaler], entry.Key); known && key.Required {
			return true
		}
	}
	return false
}

// scaler is the scaler that the trigger asks for.
func (t trigger) scaler() string {
	if name := t.given("scaler"); name != "" {
		return name
	}
	return scalers.DefaultScaler
}

// given is a key's value, trimmed; empty means that it is not set.
func (t trigger) given(key string) string { return strings.TrimSpace(t.Metadata[key]) }

// knows says whether the trigger's scaler has a key, and so whether a rule about it applies.
func (t trigger) knows(name string) bool {
	_, known := find(t.keys, name)
	return known
}

// at is the place of a key, or of the trigger where the key is not written.
func (t trigger) at(key string) manifest.Place {
	if entry, found := t.Entry(key); found {
		return entry.KeyPlace
	}
	return t.Place
}

func find(table scalers.KeyTable, name string) (scalers.Key, bool) {
	for _, key := range table {
		if key.Name == name || (key.FromEnv && key.Name+fromEnv == name) {
			return key, true
		}
	}
	return scalers.Key{}, false
}

// fromEnv is what a key's name ends with whose value KEDA takes from the target's environment.
const fromEnv = "FromEnv"
