package server_test

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"google.golang.org/grpc/status"

	"github.com/lagwise/lagwise/scalers"
	"github.com/lagwise/lagwise/server"
)

func TestMessagesAreOneShortLine(t *testing.T) {
	for _, test := range []struct{ name, text, want string }{
		{"short", "topic orders does not exist", "topic orders does not exist"},
		{"as long as allowed", strings.Repeat("a", 512), strings.Repeat("a", 512)},
		{"a byte too long", strings.Repeat("a", 513), strings.Repeat("a", 509) + "…"},
		{"cut before a rune of three bytes", strings.Repeat("a", 507) + "€€", strings.Repeat("a", 507) + "…"},
		{"cut after a rune of three bytes", strings.Repeat("a", 506) + "€€€", strings.Repeat("a", 506) + "€…"},
		{"cut among runes of four bytes", strings.Repeat("🦊", 200), strings.Repeat("🦊", 127) + "…"},
		{"broken bytes grow when replaced", strings.Repeat("a\xff", 200), strings.Repeat("a\uFFFD", 127) + "a…"},
		{"line breaks", "one\ntwo\r\nthree\u2028four\u2029five\u0085six", "one two  three four five six"},
		{"control characters", "\x1b[31mred\x00\x7f", "�[31mred��"},
		{"turned direction and hidden characters", "a\u202eb\u200bc\ufeffd", "a�b�c�d"},
		{"no words", "", "Internal"},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := serve(t, lend(always(scalers.Evaluation{}, errors.New(test.text))), server.Options{})
			_, err := r.IsActive(t.Context(), ref())
			got := status.Convert(err).Message()
			if got != test.want {
				t.Errorf("message %q, want %q", got, test.want)
			}
			if len(got) > 512 || !utf8.ValidString(got) {
				t.Errorf("message of %d bytes, valid UTF-8: %v", len(got), utf8.ValidString(got))
			}
		})
	}
}
