package manifest_test

import (
	"strings"
	"testing"

	"github.com/lagwise/lagwise/internal/manifest"
)

// FuzzRead: whatever a file holds, it is read to its end, every place lies inside it, and metadata is what the entries say.
func FuzzRead(f *testing.F) {
	for _, text := range []string{
		"", orders, "---\n...\n%YAML 1.1\n---\n", "kind: List\nitems: [{kind: ScaledObject, spec: {triggers: [{metadata: {a: 1}}]}}]",
		"kind: ScaledObject\nspec: &s {<<: *s, triggers: &t [*t]}", "a: b: c\n---\nkind: ScaledJob\r\n---\r\n[", "{{ if }}", "? [a]\n: b\nkind: ScaledJob",
		"kind: ScaledObject\nspec: {triggers: [{metadata: {[a]: b, {c: d}: e, ? : f}}]}", "\xff\xfe", "\u0085kind: ScaledObject", "kind: !!binary U2NhbGVkT2JqZWN0",
		"kind: ScaledObject\nspec: {minReplicaCount: 0x10, maxReplicaCount: 1e3, triggers: {a: b}}", "<<: {kind: ScaledObject}", "kind: ScaledObject\nmetadata: {annotations: {a: [b]}}",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		workloads, err := manifest.Read("f", strings.NewReader(text))
		inside := func(what string, place manifest.Place) {
			// U+0085, U+2028 and U+2029, and a carriage return alone, begin a line in YAML 1.1.
			breaks := 1 + strings.Count(text, "\n") + strings.Count(text, "\r") + strings.Count(text, "\u0085") + strings.Count(text, "\u2028") + strings.Count(text, "\u2029")
			if place.File != "f" || place.Line < 1 || place.Line > breaks || place.Column < 1 {
				t.Errorf("%s lies at %v", what, place)
			}
		}
		mistakes, rest := manifest.Split(err)
		if len(rest) > 0 {
			t.Errorf("neither workload nor mistake: %v", rest)
		}
		for _, w := range workloads {
			inside(w.Kind, w.Place)
			mistakes = append(mistakes, w.Problems...)
			for _, trigger := range w.Triggers {
				inside("trigger", trigger.Place)
				for key, value := range trigger.Metadata {
					if entry, found := trigger.Entry(key); !found || entry.Value != value {
						t.Errorf("%q is %q, and its entry %+v", key, value, entry)
					}
				}
				for _, entry := range trigger.Entries {
					inside(entry.Key, entry.KeyPlace)
				}
			}
		}
		for _, mistake := range mistakes {
			inside(mistake.Text, mistake.Place)
		}
	})
}
