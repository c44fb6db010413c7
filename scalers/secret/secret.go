// Package secret is text that nobody may be shown.
package secret

import (
	"fmt"
	"io"
)

// Text is text that no log, error or page may show. Only who talks to a source reads what is inside.
type Text string

// String hides the secret from everybody who asks for text.
func (Text) String() string { return "(hidden)" }

// Format hides the secret from every verb of fmt, those that no String method is asked for included.
func (t Text) Format(state fmt.State, _ rune) { _, _ = io.WriteString(state, t.String()) }

// MarshalText hides the secret from encoders, slog's among them.
func (t Text) MarshalText() ([]byte, error) { return []byte(t.String()), nil }
