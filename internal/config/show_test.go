package config_test

import (
	"strings"
	"testing"
)

func show(t *testing.T, text string, args ...string) string {
	t.Helper()
	settings, err := read(t, text, args...)
	if err != nil {
		t.Fatal(err)
	}
	var shown strings.Builder
	if err := settings.Show(&shown); err != nil {
		t.Fatal(err)
	}
	return shown.String()
}

// What is shown names where each value comes from, holds no secret, and means the same when it is read in again.
func TestShow(t *testing.T) {
	t.Setenv("LAGWISE_LOG_LEVEL", "debug")
	t.Setenv("HIDDEN", "hunter2")
	password := write(t, "password", "hunter3")
	shown := show(t, `
refreshInterval: 2s
connections:
  - name: payments
    bootstrapServers: ["kafka-0:9093", "kafka-1:9093"]
    tls: {}
    sasl: {mechanism: PLAIN, username: "no", passwordEnv: HIDDEN}
  - {name: lab, bootstrapServers: ["lab:9092"], sasl: {mechanism: PLAIN, username: me, passwordFile: `+password+`}}
`, "--idleAfter=1m")
	for _, line := range []string{
		"idleAfter: 1m # --idleAfter\n", `logLevel: "debug" # LAGWISE_LOG_LEVEL`, "lagwise.yaml:2\n", "messageBytes: 262144 # default\n",
		`passwordEnv: "HIDDEN" # `, "tls: {}\n", `username: "no"`, password,
	} {
		if !strings.Contains(shown, line) {
			t.Errorf("%q is not in:\n%s", line, shown)
		}
	}
	if strings.Contains(shown, "hunter") {
		t.Errorf("a secret is shown:\n%s", shown)
	}
	values := func(text string) string { // without where they come from
		var kept strings.Builder
		for line := range strings.Lines(text) {
			value, _, _ := strings.Cut(line, " # ")
			kept.WriteString(strings.TrimSpace(value) + "\n")
		}
		return kept.String()
	}
	if again := show(t, shown); values(again) != values(shown) {
		t.Errorf("read in again:\n%s\nis not\n%s", again, shown)
	}
}
