package scalers

import (
	"fmt"
	"regexp"
	"strings"
)

// Hidden stands in messages for what a user wrote where that may hold a password.
const Hidden = "(hidden)"

// longestQuote leaves room for the rest of a message.
const longestQuote = 60

// Quote shows a user's text inside a message: quoted, control characters escaped, and cut. It hides a text that may hold a password,
// whatever it was meant for: errors reach Events, logs and pages, which more people read than the text itself.
func Quote(text string) string {
	switch {
	case HoldsPassword(text):
		return Hidden
	case len(text) <= longestQuote:
		return fmt.Sprintf("%q", text)
	default:
		return fmt.Sprintf("%q...", strings.ToValidUTF8(text[:longestQuote], ""))
	}
}

// HoldsPassword reports whether a text may hold a password: before the @ of an address, or behind a name such as those of a connection
// string or of JAAS: password=, sasl.jaas.pwd, clientSecret, SharedAccessKey.
func HoldsPassword(text string) bool {
	return strings.Contains(text, "@") || strings.ContainsAny(text, "=:") &&
		regexp.MustCompile(`(?i)(pass|pwd|secret|token|accesskey|api[-_]?key)[a-z_]*["']?\s*[=:]\s*\S`).MatchString(text)
}
