package chart_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/lagwise/lagwise/test/certificates"
)

// The image's lagwise takes the configuration that the chart renders, with the files that Secrets would bring.
func TestConfiguration(t *testing.T) {
	t.Parallel()
	authority, err := certificates.NewAuthority("a cluster's authority")
	if err != nil {
		t.Fatal(err)
	}
	identity, err := authority.Identify(certificates.Subject{Name: "lagwise", DNSNames: []string{"lagwise.keda.svc"}})
	if err != nil {
		t.Fatal(err)
	}
	for _, values := range [][]string{nil, {"--values", "testdata/secured.yaml"}, {"--values", "testdata/authentications.yaml"}} {
		rendered, err := helm(t.Context(), append([]string{"template", "lagwise", chart, "--kube-version", kube}, values...)...)
		if err != nil {
			t.Fatal(rendered)
		}
		// What the chart mounts at /etc/lagwise lies in a folder here.
		mounted := t.TempDir()
		write(t, mounted, "config/lagwise.yaml", strings.ReplaceAll(configIn(t, rendered), "/etc/lagwise", mounted))
		write(t, mounted, "tls/tls.crt", string(identity.Certificate))
		write(t, mounted, "tls/tls.key", string(identity.Key))
		write(t, mounted, "tls/ca.crt", string(authority.Certificate))
		write(t, mounted, "secrets/kafka-payments/ca.crt", string(authority.Certificate))
		write(t, mounted, "secrets/kafka-payments/password", "secret")

		check := exec.CommandContext(t.Context(), "../../dist/amd64/lagwise", "serve", "--check-config",
			"--config", filepath.Join(mounted, "config", "lagwise.yaml"))
		if said, err := check.CombinedOutput(); err != nil {
			t.Errorf("with %v: %s", values, said)
		}
	}
}

// configIn finds the configuration among what was rendered.
func configIn(t *testing.T, rendered string) string {
	t.Helper()
	for document := yaml.NewDecoder(strings.NewReader(rendered)); ; {
		var object struct {
			Kind string
			Data map[string]string
		}
		if err := document.Decode(&object); err != nil {
			t.Fatalf("no ConfigMap is rendered: %v", err)
		}
		if text, found := object.Data["lagwise.yaml"]; object.Kind == "ConfigMap" && found {
			return text
		}
	}
}

func write(t *testing.T, folder, name, text string) {
	t.Helper()
	path := filepath.Join(folder, name)
	err := os.MkdirAll(filepath.Dir(path), 0o700)
	if err == nil {
		err = os.WriteFile(path, []byte(text), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}
