package telemetry

import (
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzLabel: any text becomes a label's value that Prometheus takes and that acts on no terminal.
func FuzzLabel(f *testing.F) {
	for _, text := range []string{"", "orders", "line\nbreak", "\x1b[31mred", "\xff\xfe", strings.Repeat("日本", 200), strings.Repeat("\x80", 300)} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		value := label(text)
		if len(value) > longestLabel+len("...") || !utf8.ValidString(value) || strings.ContainsAny(value, "\n\r\x00\x1b\u009b") {
			t.Errorf("%q became %q", text, value)
		}
	})
}
