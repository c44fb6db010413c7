package schema

import (
	"regexp"
	"strings"

	"github.com/lagwise/lagwise/scalers"
)

// Schema is a JSON schema, or a part of one.
type Schema map[string]any

// What values look like, blanks around them left out.
const (
	integers  = `[+-]?[0-9]+`
	numbers   = `[+-]?([0-9_.]+([eE][+-]?[0-9_]+)?|0[xX][0-9a-fA-F_.]+([pP][+-]?[0-9_]+)?)`
	durations = `[+-]?([0-9]+|0|(([0-9]+(\.[0-9]*)?|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h))+)`
	yes       = `1|t|T|TRUE|true|True`
	no        = `0|f|F|FALSE|false|False`
)

// trimmed is a pattern for a value that may have blanks around it.
func trimmed(pattern string) string { return `^\s*(` + pattern + `)\s*$` }

// orUnset is a pattern for a value that may be empty as well, which means that the key is not set.
func orUnset(pattern string) string { return `^\s*(` + pattern + `)?\s*$` }

// value is what a key may hold. Metadata values are always strings.
func value(key scalers.Key) Schema {
	s := Schema{"type": "string", "description": describe(key)}
	if key.Default != "" {
		s["default"] = key.Default
	}
	if key.Origin == scalers.Credential {
		s["pattern"] = `^\s*$`
		return s
	}
	switch key.Kind {
	case scalers.KindInteger:
		s["pattern"] = orUnset(integers)
	case scalers.KindNumber:
		s["pattern"] = orUnset(numbers)
	case scalers.KindDuration:
		s["pattern"] = orUnset(durations)
	case scalers.KindFlag:
		s["anyOf"] = offered([]string{"true", "false"}, yes+"|"+no)
	case scalers.KindChoice:
		s["anyOf"] = offered(key.Choices, quoted(key.Choices))
	case scalers.KindText, scalers.KindList:
	}
	return s
}

// offered are the values that an editor should complete, beside all that are taken.
func offered(values []string, pattern string) []Schema {
	return []Schema{{"enum": values}, {"pattern": orUnset(pattern)}}
}

func quoted(values []string) string {
	patterns := make([]string, len(values))
	for i, value := range values {
		patterns[i] = regexp.QuoteMeta(value)
	}
	return strings.Join(patterns, "|")
}

// describe is what an editor shows beside a key.
func describe(key scalers.Key) string {
	text := key.Help
	if len(key.Excludes) > 0 {
		text += " Not with " + strings.Join(key.Excludes, ", ") + "."
	}
	if key.Origin == scalers.Own {
		text += " (lagwise)"
	}
	return text
}
