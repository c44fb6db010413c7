package legible_test

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/lagwise/lagwise/scalers/legible"
)

func TestLine(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ text, want string }{
		"nothing":              {"", ""},
		"what people write":    {"Bestellungen für 注文, 1 €", "Bestellungen für 注文, 1 €"},
		"a line of its own":    {"a\r\nlevel=ERROR\u2028b\u0085c", "a  level=ERROR b c"},
		"other spaces":         {"a\tb\u00a0c\u3000d", "a b c d"},
		"colours":              {"\x1b[31mred", "�[31mred"},
		"turned around":        {"a\u202eb\u2066c\u200fd", "a�b�c�d"},
		"hidden":               {"a\u200bb\ufeffc\x00d\x7fe", "a�b�c�d�e"},
		"no UTF-8":             {"a\xff\xfeb\xc3", "a�b�"},
		"characters of no one": {"a\ue000b\U000e0001c", "a�b�c"},
	} {
		if got := legible.Line(c.text); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestShort(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text  string
		bytes int
		want  string
	}{
		{"orders", 6, "orders"},
		{"orders", 5, "or…"},
		{"注文", 6, "注文"},
		{"注文です", 8, "注…"}, // the second character would end at byte 6, and the mark at 9
		{"注文です", 9, "注文…"},
		{"\xff\xff\xff", 3, "�"}, // made legible first, then measured
		{"orders", 1, "…"},
	} {
		if got := legible.Short(c.text, c.bytes); got != c.want {
			t.Errorf("%q in %d bytes: %q, want %q", c.text, c.bytes, got, c.want)
		}
	}
}

func FuzzLine(f *testing.F) {
	f.Add("orders\n\x1b[0m\u202e", 5)
	f.Fuzz(func(t *testing.T, text string, bytes int) {
		line := legible.Line(text)
		if !utf8.ValidString(line) || strings.ContainsFunc(line, func(r rune) bool { return !unicode.IsPrint(r) }) {
			t.Errorf("%q became %q", text, line)
		}
		if again := legible.Line(line); again != line {
			t.Errorf("%q became %q, and that %q", text, line, again)
		}
		bytes = max(bytes, 3)
		if short := legible.Short(text, bytes); len(short) > bytes || !utf8.ValidString(short) {
			t.Errorf("%q in %d bytes is %q", text, bytes, short)
		}
	})
}
