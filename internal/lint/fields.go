package lint

import (
	"fmt"
	"strings"

	"github.com/lagwise/lagwise/internal/manifest"
	"github.com/lagwise/lagwise/scalers"
)

// unreadable is found before there is a workload to look at.
func unreadable() Rule {
	return Rule{
		ID: "no-yaml", Severity: Error,
		Finds:   "A document that is no YAML.",
		Happens: "Nobody can apply it; the other documents of its file are looked at all the same.",
		Do:      "Mend the line; render templates before you lint them.",
		look:    func(subject) []hit { return nil },
	}
}

// fieldRules are about what the Kubernetes API takes.
func fieldRules() []Rule {
	return []Rule{
		{
			ID: "field-type", Severity: Error,
			Finds:   "A field of the wrong type, such as text where KEDA wants a number.",
			Happens: "The API server refuses the object.",
			Do:      "Write the value as the field wants it.",
			look:    fieldType,
		},
		{
			ID: "unquoted", Severity: Error,
			Finds:   "A metadata value that is no text: true, no, 5, nothing at all, a list.",
			Happens: "The API server refuses the object, because metadata takes strings only.",
			Do:      "Put the value into quotes.",
			look:    each(unquoted),
		},
		{
			ID: "written-twice", Severity: Warning,
			Finds:   "A key that is written twice, such as a trigger's type, or two lists of triggers.",
			Happens: "kubectl takes the last one, without a word; stricter tools refuse the file.",
			Do:      "Keep one of them.",
			look:    writtenTwice,
		},
		{
			ID: "no-triggers", Severity: Error,
			Finds:   "A workload without triggers.",
			Happens: "The API server refuses the object.",
			Do:      "Give it a trigger under spec.triggers.",
			look: func(s subject) []hit {
				if len(s.Triggers) > 0 {
					return nil
				}
				return at(s.at("spec", "triggers"), "there are no triggers")
			},
		},
		{
			ID: "trigger-type", Severity: Error,
			Finds:   "A trigger without a type, or with one that is nearly the name of another.",
			Happens: "KEDA finds no scaler for it, and does not scale the workload.",
			Do:      "Write the type as KEDA spells it.",
			look:    each(triggerType),
		},
		{
			ID: "trigger-name", Severity: Error,
			Finds:   "Two triggers of one name.",
			Happens: "KEDA refuses the object.",
			Do:      "Give each trigger a name of its own, or none.",
			look:    triggerNames,
		},
	}
}

func fieldType(s subject) []hit {
	var hits []hit
	for _, problem := range s.Problems {
		hits = append(hits, at(problem.Place, "%s", problem.Text)...)
	}
	return hits
}

func unquoted(_ subject, t trigger) []hit {
	var hits []hit
	for _, entry := range t.Entries {
		if what := map[string]string{
			"!!bool": "a boolean", "!!int": "a number", "!!float": "a number", "!!null": "nothing", "!!map": "a mapping", "!!seq": "a list",
		}[entry.Tag]; what != "" {
			found := entry.Key
			if entry.Value != "" {
				found += ": " + entry.Value
			}
			hits = append(hits, at(entry.ValuePlace, "%s is %s", found, what)...)
		}
	}
	return hits
}

func writtenTwice(s subject) []hit {
	hits := repeated(s.Repeated())
	return append(hits, each(func(_ subject, t trigger) []hit { return repeated(t.Repeated()) })(s)...)
}

func repeated(repetitions []manifest.Repetition) []hit {
	var hits []hit
	for _, r := range repetitions {
		hits = append(hits, at(r.Place, "%s stands in line %d already", r.Key, r.Line)...)
	}
	return hits
}

func triggerType(_ subject, t trigger) []hit {
	if t.Type == "" {
		return at(t.Place, "the trigger has no type")
	}
	types := scalers.KeyTable{{Name: typePolled}, {Name: typePushed}}
	for name := range Builtin() {
		types = append(types, scalers.Key{Name: name})
	}
	near, found := types.Nearest(t.Type)
	if !found && strings.EqualFold(strings.NewReplacer("-", "", "_", "").Replace(t.Type), "externalpush") {
		near, found = typePushed, true
	}
	if _, exact := find(types, t.Type); exact || !found {
		return nil
	}
	place := t.At("type")
	return at(place, "type %s looks like %s", scalers.Quote(t.Type), near)
}

func triggerNames(s subject) []hit {
	var hits []hit
	seen := map[string]bool{}
	for i, t := range s.triggers {
		if t.Name != "" && seen[t.Name] {
			place := t.At("name")
			hits = append(hits, hit{place: place, text: fmt.Sprintf("another trigger is called %s already", t.Name), trigger: &i})
		}
		seen[t.Name] = true
	}
	return hits
}
