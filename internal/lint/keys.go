package lint

import (
	"maps"
	"slices"
	"strings"

	"github.com/lagwise/lagwise/internal/manifest"
	"github.com/lagwise/lagwise/scalers"
)

// keyRules hold a trigger's metadata against its scaler's table of keys, and then against the scaler itself.
func keyRules() []Rule { return slices.Concat(nameRules(), valueRules()) }

func nameRules() []Rule {
	return []Rule{
		{
			ID: "misspelt-key", Severity: Error,
			Finds:   "A key that is nearly one that the scaler knows.",
			Happens: "lagwise refuses the trigger; KEDA's own scalers ignore the key without a word.",
			Do:      "Write the key as it is meant.",
			look:    each(misspelt),
		},
		{
			ID: "unknown-key", Severity: Warning,
			Finds:   "A key that the scaler does not know.",
			Happens: "It is ignored.",
			Do:      "Leave it out, or look the right one up with `lagwise keys`.",
			look:    each(unknown),
		},
		{
			ID: "unknown-scaler", Severity: Error,
			Finds:   "A `scaler` that lagwise does not have.",
			Happens: "lagwise refuses the trigger.",
			Do:      "Name one that it has, or leave the key out for Kafka.",
			look:    each(unknownScaler, lagwise),
		},
		{
			ID: "missing-key", Severity: Error,
			Finds:   "A key that must be there and is not, such as a topic's consumerGroup.",
			Happens: "The trigger is refused, and does not scale.",
			Do:      "Add the key.",
			look:    each(missing, lagwise, builtin),
		},
	}
}

func valueRules() []Rule {
	return []Rule{
		{
			ID: "wrong-value", Severity: Error,
			Finds:   "A value that its key cannot have: out of its range, not one of its choices, or no such number, time zone or topic.",
			Happens: "The trigger is refused; where KEDA's own scaler takes it, it means something else there.",
			Do:      "Write a value as the key wants it.",
			look:    each(wrongValue, lagwise, builtin),
		},
		{
			ID: "exclusive-keys", Severity: Error,
			Finds:   "Keys that exclude each other.",
			Happens: "The trigger is refused.",
			Do:      "Keep one of them.",
			look:    each(exclusive, lagwise, builtin),
		},
		{
			ID: "credential", Severity: Error,
			Finds:   "A password, a certificate or another credential in metadata.",
			Happens: "lagwise refuses the trigger, and everybody who may read the object can read the secret.",
			Do:      "Take it out, exchange it, and name a `connection` of lagwise's configuration instead.",
			look:    each(credential, lagwise),
		},
		{
			ID: "refused", Severity: Error,
			Finds:   "Keys that are right by themselves, and wrong together or without another one.",
			Happens: "The scaler refuses the trigger.",
			Do:      "Do what the refusal says.",
			look:    each(refused, lagwise, builtin),
		},
		{
			ID: "from-env", Severity: Hint,
			Finds:   "A value that is taken from the environment of the target's container.",
			Happens: "Where the target has no such variable KEDA leaves the key out, and the trigger says something else or nothing.",
			Do:      "See that the first container of the target, or envSourceContainerName, has the variable.",
			look:    each(fromEnvironment, lagwise, builtin),
		},
		{
			ID: "from-env-unused", Severity: Warning,
			Finds:   "A key beside its FromEnv form.",
			Happens: "The plain key wins, and the variable is not read.",
			Do:      "Keep one of the two.",
			look:    each(envUnused, lagwise, builtin),
		},
	}
}

func misspelt(_ subject, t trigger) []hit {
	var hits []hit
	for _, entry := range t.strangers() {
		if near, found := t.nearest(entry.Key); found {
			hits = append(hits, at(entry.KeyPlace, "%s is not a key, and looks like %s", scalers.Quote(entry.Key), near)...)
		}
	}
	return hits
}

// nearest is the known key that was probably meant.
func (t trigger) nearest(key string) (string, bool) { return t.keys.Nearest(key) }

// strangers are the entries that the scaler does not know; none of a trigger that is not ours. What other rules tell of is not strange.
func (t trigger) strangers() []manifest.Entry {
	var strangers []manifest.Entry
	if t.keys == nil {
		return nil
	}
	for _, entry := range t.Entries {
		_, own := find(t.own, entry.Key)
		if !t.knows(entry.Key) && !own && (t.owner != builtin || !kedaKeys(entry.Key)) {
			strangers = append(strangers, entry)
		}
	}
	return strangers
}

func unknown(_ subject, t trigger) []hit {
	var hits []hit
	for _, entry := range t.strangers() {
		if _, found := t.nearest(entry.Key); !found {
			hits = append(hits, at(entry.KeyPlace, "%s is not a key of this trigger", scalers.Quote(entry.Key))...)
		}
	}
	return hits
}

func unknownScaler(s subject, t trigger) []hit {
	if t.keys != nil {
		return nil
	}
	names := slices.Sorted(maps.Keys(s.Sources))
	return at(t.at("scaler"), "scaler %s is not one of %s", scalers.Quote(t.scaler()), strings.Join(names, ", "))
}

func missing(_ subject, t trigger) []hit {
	var hits []hit
	for _, key := range t.keys {
		if key.Required && t.given(key.Name) == "" && t.given(key.Instead) == "" && (!key.FromEnv || t.given(key.Name+fromEnv) == "") {
			hits = append(hits, at(t.at(key.Name), "%s is missing: %s", key.Name, lower(key.Help))...)
		}
	}
	return hits
}

// lower makes a sentence the end of one.
func lower(sentence string) string {
	return strings.ToLower(sentence[:1]) + strings.TrimSuffix(sentence[1:], ".")
}

func wrongValue(_ subject, t trigger) []hit {
	var hits []hit
	for _, entry := range t.written() {
		if err := t.check(entry.Key); err != nil {
			hits = append(hits, at(entry.ValuePlace, "%s %s: %v", entry.Key, scalers.Quote(t.given(entry.Key)), err)...)
		}
	}
	return hits
}

// written are the entries that count: the last one of each key.
func (t trigger) written() []manifest.Entry {
	var entries []manifest.Entry
	for i, entry := range t.Entries {
		if last, _ := t.Entry(entry.Key); last.KeyNode == t.Entries[i].KeyNode {
			entries = append(entries, entry)
		}
	}
	return entries
}

// check holds a key's value against the table. Of a FromEnv key the value is known to KEDA alone.
func (t trigger) check(name string) error {
	key, known := find(t.keys, name)
	value := t.given(name)
	if !known || value == "" || key.Name != name || key.Origin == scalers.Credential {
		return nil
	}
	_, err := key.Parse(value)
	return err
}

func exclusive(_ subject, t trigger) []hit {
	var hits []hit
	for _, key := range t.keys {
		for _, other := range key.Excludes {
			if t.inEffect(key.Name) && t.inEffect(other) {
				hits = append(hits, at(t.at(key.Name), "%s and %s exclude each other", key.Name, other)...)
			}
		}
	}
	return hits
}

func (t trigger) inEffect(name string) bool {
	if key, known := find(t.keys, name); known && key.Kind == scalers.KindFlag {
		return t.values.Flag(name)
	}
	return t.values.Given(name)
}

func credential(_ subject, t trigger) []hit {
	var hits []hit
	for _, entry := range t.written() {
		if key, known := find(t.keys, entry.Key); known && key.Origin == scalers.Credential && t.given(entry.Key) != "" {
			hits = append(hits, at(entry.KeyPlace, "%s is a credential", entry.Key)...)
		}
	}
	return hits
}

// refused asks the scaler itself, once nothing is wrong with the keys one by one: then what it says is about several of them.
func refused(s subject, t trigger) []hit {
	if t.build == nil || wrongByItself(s, t) {
		return nil
	}
	metadata := t.keys.StandIns(t.Metadata)
	if t.owner == builtin {
		metadata = asKEDAReads(t, metadata)
	}
	scaler, is := t.build(scalers.Trigger{Namespace: t.namespace, Name: t.workload, Metadata: metadata}).(*scalers.Refused)
	if !is {
		return nil
	}
	text := scaler.Reason().Error()
	return at(t.placeFor(text), "%s", text)
}

func wrongByItself(s subject, t trigger) bool {
	for _, look := range []func(subject, trigger) []hit{misspelt, missing, wrongValue, exclusive, credential} {
		if len(look(s, t)) > 0 {
			return true
		}
	}
	return false
}

// placeFor finds the key that a refusal speaks of first.
func (t trigger) placeFor(text string) manifest.Place {
	place, first := t.Place, len(text)
	for _, entry := range t.written() {
		if found := strings.Index(text, entry.Key); found >= 0 && found < first {
			place, first = entry.KeyPlace, found
		}
	}
	return place
}

func fromEnvironment(_ subject, t trigger) []hit {
	var hits []hit
	for _, key := range t.keys {
		name := key.Name + fromEnv
		if key.FromEnv && key.Origin != scalers.Credential && t.given(name) != "" && t.given(key.Name) == "" {
			hits = append(hits, at(t.at(name), "%s is what the variable %s holds in the target's container", key.Name, scalers.Quote(t.given(name)))...)
		}
	}
	return hits
}

func envUnused(_ subject, t trigger) []hit {
	var hits []hit
	for _, key := range t.keys {
		name := key.Name + fromEnv
		if key.FromEnv && key.Origin != scalers.Credential && t.given(name) != "" && t.given(key.Name) != "" {
			hits = append(hits, at(t.at(name), "%s is given as well", key.Name)...)
		}
	}
	return hits
}
