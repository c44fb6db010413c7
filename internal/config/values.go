package config

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/pflag"
	"github.com/spf13/viper"

	"github.com/lagwise/lagwise/scalers"
)

// value is a setting that was understood.
type value struct {
	parsed any
	// text is how it was written, from is where: FILE:LINE, a variable, a flag, or "default".
	text, from string
}

// values are a section's settings by their names; those without a value and a default are missing.
type values struct {
	// title is the section's in messages, where says where it begins.
	title, where string
	of           map[string]value
}

const byDefault = "default"

// understand parses every setting that is given, and the defaults of the others.
func understand(settings []Setting, title, where string, given func(Setting) (text, from string)) (values, error) {
	understood := values{title: title, where: where, of: map[string]value{}}
	var problems []error
	for _, setting := range settings {
		text, from := given(setting)
		if from == "" {
			text, from = setting.Default, byDefault
		}
		if text == "" && from == byDefault {
			continue
		}
		if empty, may := emptyOf(setting.Kind); may && text == "" {
			understood.of[setting.Name] = value{parsed: empty, from: from}
			continue
		}
		parsed, err := setting.Parse(text)
		if err != nil {
			problems = append(problems, problem(from, title, "%s %s: %w", setting.Name, scalers.Quote(text), err))
			continue
		}
		understood.of[setting.Name] = value{parsed: parsed, text: text, from: from}
	}
	return understood, errors.Join(problems...)
}

// emptyOf is what stands for nothing: an empty list, or an empty text where that means something.
func emptyOf(kind scalers.Kind) (empty any, may bool) {
	switch kind {
	case scalers.KindList:
		return []string(nil), true
	case scalers.KindText:
		return "", true
	case scalers.KindInteger, scalers.KindNumber, scalers.KindFlag, scalers.KindChoice, scalers.KindDuration:
		return nil, false
	default:
		return nil, false
	}
}

// strongest finds each setting in the file, the environment and the flags, the later the stronger.
func strongest(doc document, flags *pflag.FlagSet) (func(Setting) (text, from string), error) {
	v := viper.New()
	inFile := map[string]any{}
	for name, written := range doc.values {
		inFile[name] = written.text
	}
	if err := v.MergeConfigMap(inFile); err != nil {
		return nil, fmt.Errorf("reading %s: %w", doc.path, err)
	}
	for _, setting := range Settings() {
		err := errors.Join(v.BindEnv(setting.Name, setting.Environment()), v.BindPFlag(setting.Name, flags.Lookup(setting.Name)))
		if err != nil {
			return nil, fmt.Errorf("binding %s: %w", setting.Name, err)
		}
	}
	return func(setting Setting) (text, from string) {
		written, inFile := doc.values[setting.Name]
		switch {
		case flags.Changed(setting.Name):
			from = "--" + setting.Name
		case os.Getenv(setting.Environment()) != "":
			from = setting.Environment()
		case inFile:
			from = fmt.Sprintf("%s:%d", doc.path, written.line)
		default:
			return "", ""
		}
		return strings.TrimSpace(v.GetString(setting.Name)), from
	}, nil
}

// misspelt finds variables that were most likely meant for a setting. Others that begin alike are none of our business:
// Kubernetes sets LAGWISE_PORT and its like where a Service is called lagwise.
func misspelt(environment []string) error {
	known := scalers.KeyTable{}
	for _, setting := range Settings() {
		known = append(known, scalers.Key{Name: setting.Environment()})
	}
	var problems []error
	for _, entry := range environment {
		name, _, _ := strings.Cut(entry, "=")
		if !strings.HasPrefix(name, environmentPrefix) {
			continue
		}
		if near, found := known.Nearest(name); found && near != name {
			problems = append(problems, fmt.Errorf("the environment: %s is not a setting; did you mean %s?", name, near))
		}
	}
	return errors.Join(problems...)
}

func (v values) text(name string) string            { return get[string](v, name) }
func (v values) list(name string) []string          { return get[[]string](v, name) }
func (v values) flag(name string) bool              { return get[bool](v, name) }
func (v values) integer(name string) int            { return int(get[int64](v, name)) }
func (v values) duration(name string) time.Duration { return get[time.Duration](v, name) }

// problem is an error about a setting that says where it was given, or else where its section begins.
func (v values) problem(name, format string, args ...any) error {
	return problem(cmp.Or(v.of[name].from, v.where), v.title, name+format, args...)
}

func get[T any](v values, name string) T {
	parsed, _ := v.of[name].parsed.(T)
	return parsed
}
