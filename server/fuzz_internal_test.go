package server

import (
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzMessage: any text becomes one short line that acts on no terminal.
func FuzzMessage(f *testing.F) {
	for _, text := range []string{"", "plain", "line\nbreak", "\x1b[31mred", "\xff\xfe", strings.Repeat("日本", 200), "\u202egnihtyna", strings.Repeat("\u0301", 400)} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		line := message(text)
		if len(line) > maxMessageBytes || !utf8.ValidString(line) || strings.ContainsAny(line, "\n\r\x00\x1b\u009b\u2028\u202e") {
			t.Errorf("%q became %q", text, line)
		}
		if message(line) != line {
			t.Errorf("%q is not left as it is: %q", line, message(line))
		}
	})
}
