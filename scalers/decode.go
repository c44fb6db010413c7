package scalers

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/lagwise/lagwise/scalers/secret"
)

// Limits on what one trigger's metadata may hold. KEDA itself has none; Kubernetes stops at 1.5 MiB an object.
const (
	maxMetadataBytes = 64 << 10
	maxValueBytes    = 16 << 10
	maxKeys          = 200
	fromEnv          = "FromEnv"
)

// Values is decoded metadata: every key of the table that has a value, given or by default, in its own type.
type Values struct {
	given map[string]bool
	value map[string]any
}

// Decode reads metadata by the table. Values are trimmed, and empty means unset, as KEDA has it
// (KEDA: pkg/scalers/scalersconfig/typed_config.go, configParamValue).
//
// All wrong keys are reported in one error with CauseRefused; the Values that come with it hold what could be read, and
// defaults for the rest, so that a refused trigger still gets a sensible metric. ignored lists the keys that are neither
// known nor a near miss of a known one, sorted; KEDA ignores those, too.
func (t KeyTable) Decode(metadata map[string]string) (values Values, ignored []string, err error) {
	return t.DecodeWith(metadata, nil)
}

// DecodeWith is Decode for a trigger whose TriggerAuthentication says the rest. What is wrong in that is named by its parameter, and
// not repeated.
func (t KeyTable) DecodeWith(metadata map[string]string, credentials map[string]secret.Text) (values Values, ignored []string, err error) {
	values = Values{given: map[string]bool{}, value: map[string]any{}}
	if err := checkText(metadata); err != nil {
		t.decodeKnown(nil, nil, values)
		return values, nil, err
	}
	problems := t.decodeKnown(metadata, credentials, values)
	problems = append(problems, t.exclusions(values)...)
	ignored, misspelt := t.unknown(metadata)
	problems = append(misspelt, problems...)
	if len(problems) > 0 {
		err = refuse(problems)
	}
	return values, ignored, err
}

func (t KeyTable) decodeKnown(metadata map[string]string, credentials map[string]secret.Text, values Values) []error {
	var problems []error
	for _, key := range t {
		raw, source := lookup(metadata, key)
		if raw != "" && key.Origin == Credential {
			problems = append(problems, fmt.Errorf("%s: credentials never stand in metadata; name a connection of lagwise's configuration instead (connection: NAME)", source))
			continue
		}
		shown := source + " " + Quote(raw)
		if raw == "" {
			raw, shown = key.parameter(credentials), key.Name+" of the TriggerAuthentication"
		}
		if raw == "" {
			if key.Required && (key.Instead == "" || strings.TrimSpace(metadata[key.Instead]) == "") {
				problems = append(problems, fmt.Errorf("%s: missing; %s", key.Name, key.Help))
			}
			values.setDefault(key)
			continue
		}
		value, err := key.Parse(raw)
		if err != nil {
			problems = append(problems, fmt.Errorf("%s: %w", shown, err))
			values.setDefault(key)
			continue
		}
		values.value[key.Name], values.given[key.Name] = value, true
	}
	return problems
}

// parameter is what a TriggerAuthentication says for the key, trimmed.
func (k Key) parameter(credentials map[string]secret.Text) string {
	if !k.Authentication && k.Origin != Credential {
		return ""
	}
	return strings.TrimSpace(string(credentials[k.Name]))
}

// lookup finds a key's trimmed value, or its FromEnv form's; source is the name under which it stands.
func lookup(metadata map[string]string, key Key) (raw, source string) {
	if raw = strings.TrimSpace(metadata[key.Name]); raw != "" {
		return raw, key.Name
	}
	if key.FromEnv {
		if raw = strings.TrimSpace(metadata[key.Name+fromEnv]); raw != "" {
			return raw, key.Name + fromEnv
		}
	}
	return "", key.Name
}

func (v Values) setDefault(key Key) {
	if key.Default == "" {
		return
	}
	// A default that its own key refuses is a mistake in the table, which the tests of every table find.
	if value, err := key.Parse(key.Default); err == nil {
		v.value[key.Name] = value
	}
}

// exclusions finds pairs of keys that are in effect together and must not be. A flag is in effect when it is true.
func (t KeyTable) exclusions(values Values) []error {
	var problems []error
	for _, key := range t {
		for _, other := range key.Excludes {
			if values.inEffect(key.Name) && values.inEffect(other) {
				problems = append(problems, fmt.Errorf("%s and %s exclude each other: set one of them", key.Name, other))
			}
		}
	}
	return problems
}

func (v Values) inEffect(name string) bool {
	if flag, isFlag := v.value[name].(bool); isFlag {
		return flag
	}
	return v.given[name]
}

// unknown sorts the keys that the table does not have into ignored ones and misspelt ones.
func (t KeyTable) unknown(metadata map[string]string) (ignored []string, misspelt []error) {
	for _, name := range slices.Sorted(maps.Keys(metadata)) {
		if t.knows(name) {
			continue
		}
		if near, found := t.Nearest(name); found {
			misspelt = append(misspelt, fmt.Errorf("%s is not a key; did you mean %s?", Quote(name), near))
			continue
		}
		ignored = append(ignored, name)
	}
	return ignored, misspelt
}

func (t KeyTable) knows(name string) bool {
	for _, key := range t {
		if name == key.Name || (key.FromEnv && name == key.Name+fromEnv) {
			return true
		}
	}
	return false
}

// broken finds text that is not UTF-8, or stands for such text since it was repaired on its way here.
func broken(text string) bool {
	return strings.ContainsRune(text, utf8.RuneError) || !utf8.ValidString(text)
}

// checkText refuses metadata that is too large or not text before anything else is done with it. It repeats no value: which
// keys hold secrets is not known yet.
func checkText(metadata map[string]string) error {
	if len(metadata) > maxKeys {
		return Errorf(CauseRefused, "metadata has %d keys: at most %d are read", len(metadata), maxKeys)
	}
	total := 0
	for _, name := range slices.Sorted(maps.Keys(metadata)) {
		if broken(name) {
			return Errorf(CauseRefused, "the key %s is not valid UTF-8: type it anew", Quote(name))
		}
		if broken(metadata[name]) {
			return Errorf(CauseRefused, "the value of %s is not valid UTF-8: type it anew", Quote(name))
		}
		size := len(metadata[name])
		if size > maxValueBytes {
			return Errorf(CauseRefused, "the value of %s has %d bytes: at most %d are read", Quote(name), size, maxValueBytes)
		}
		total += len(name) + size
	}
	if total > maxMetadataBytes {
		return Errorf(CauseRefused, "metadata has %d bytes in %d keys: at most %d bytes are read", total, len(metadata), maxMetadataBytes)
	}
	return nil
}

func refuse(problems []error) *Error {
	texts := make([]string, len(problems))
	for i, problem := range problems {
		texts[i] = problem.Error()
	}
	return &Error{Cause: CauseRefused, Text: strings.Join(texts, "; "), Err: errors.Join(problems...)}
}

// Given says whether the user set the key.
func (v Values) Given(name string) bool { return v.given[name] }

// Text is the value of a text or choice key; empty when unset.
func (v Values) Text(name string) string { return valueOf[string](v, name) }

// Integer is the value of an integer key; 0 when unset.
func (v Values) Integer(name string) int64 { return valueOf[int64](v, name) }

// Number is the value of a number key, finite; 0 when unset.
func (v Values) Number(name string) float64 { return valueOf[float64](v, name) }

// Flag is the value of a flag; false when unset.
func (v Values) Flag(name string) bool { return valueOf[bool](v, name) }

// List is the value of a list key, trimmed elements in the user's order; nil when unset.
func (v Values) List(name string) []string { return valueOf[[]string](v, name) }

// Duration is the value of a duration key; 0 when unset.
func (v Values) Duration(name string) time.Duration { return valueOf[time.Duration](v, name) }

func valueOf[T any](v Values, name string) T {
	value, _ := v.value[name].(T)
	return value
}
