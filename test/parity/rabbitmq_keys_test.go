package parity_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/lagwise/lagwise/scalers"
	"github.com/lagwise/lagwise/scalers/rabbitmq"
)

// Every name that KEDA reads for a RabbitMQ trigger is in lagwise's table: what a trigger may say as a key of KEDA's, and what comes
// from a TriggerAuthentication alone as one that is refused by name.
func TestEveryNameThatKEDAReadsForRabbitMQ(t *testing.T) {
	t.Parallel()
	table := map[string]scalers.Origin{}
	for _, key := range rabbitmq.Keys() {
		table[key.Name] = key.Origin
	}
	read := rabbitNamesOfKEDA(t)
	if len(read) < 25 {
		t.Fatalf("KEDA's source is written in another way: found %v", read)
	}
	for name, from := range read {
		want := scalers.Credential
		if strings.Contains(from, "triggerMetadata") {
			want = scalers.FromKEDA
		}
		if table[name] != want {
			t.Errorf("%s, which KEDA reads from %s: want %q, the table has %q", name, from, want, table[name])
		}
		if fromEnv := name + "FromEnv"; strings.Contains(from, "resolvedEnv") && table[fromEnv] != scalers.FromKEDA {
			t.Errorf("%s: KEDA reads it, the table has %q", fromEnv, table[fromEnv])
		}
	}
}

// rabbitNamesOfKEDA finds the names in KEDA's source, and where each is read from: its scaler's own, and of what all scalers share
// the modes and OAuth's, because the scaler refuses the others (validateOAuth2).
func rabbitNamesOfKEDA(t *testing.T) map[string]string {
	t.Helper()
	dir, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Dir}}", "github.com/kedacore/keda/v2").Output()
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]string{}
	for file, fields := range map[string]string{
		"rabbitmq_scaler.go":                     `\w+`,
		"authentication/authentication_types.go": "Modes|OauthTokenURI|Scopes|ClientID|ClientSecret|EndpointParams",
	} {
		source, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(dir)), "pkg", "scalers", file))
		if err != nil {
			t.Fatal(err)
		}
		tag := regexp.MustCompile(`(?m)^\s+(?:` + fields + `) +\S+ +.keda:"name=([^,]+),\s*order=([^,"]+)`)
		for _, found := range tag.FindAllStringSubmatch(string(source), -1) {
			for name := range strings.SplitSeq(found[1], ";") {
				names[name] = found[2]
			}
		}
	}
	return names
}
