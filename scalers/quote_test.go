package scalers_test

import (
	"strings"
	"testing"

	"github.com/lagwise/lagwise/scalers"
)

func TestQuoteHidesWhatMayHoldAPassword(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"kafka:9092":                     `"kafka:9092"`,
		"SASL_SSL://kafka:9092":          `"SASL_SSL://kafka:9092"`,
		"a\x1b[31m":                      `"a\x1b[31m"`,
		"password":                       `"password"`,
		"tokens-per-minute":              `"tokens-per-minute"`,
		"orders=5,refunds=7":             `"orders=5,refunds=7"`,
		strings.Repeat("t", 61):          `"` + strings.Repeat("t", 60) + `"...`,
		"me:hunter2@kafka:9092":          "(hidden)",
		"amqp://me:hunter2@rabbit":       "(hidden)",
		"kafka:9092;Password = hunter2":  "(hidden)",
		"x;SharedAccessKey=hunter2":      "(hidden)",
		`required password="hunter2";`:   "(hidden)",
		`{"client_secret": "hunter2"}`:   "(hidden)",
		"https://nr?Api-Key=hunter2":     "(hidden)",
		strings.Repeat("t", 61) + "@":    "(hidden)",
		"sasl.jaas.config=x pwd:hunter2": "(hidden)",
	} {
		if got := scalers.Quote(text); got != want {
			t.Errorf("%q is shown as %s, want %s", text, got, want)
		}
	}
}
