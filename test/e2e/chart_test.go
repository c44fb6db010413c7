package e2e_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lagwise/lagwise/test/e2e/stage"
)

// operatorModule carries the types of the Prometheus operator.
const operatorModule = "github.com/prometheus-operator/prometheus-operator@v0.85.0"

// The API server takes all that the chart renders, with its defaults and with every file of values that its own tests lint, and
// what kustomize makes of the base. Nothing in it is unknown to the API server, which would leave it out without a word.
func TestChart(t *testing.T) {
	t.Parallel()
	s := shared.Scenario(t)
	s.Kubectl("apply", "--server-side", "--filename", monitoringTypes(t))
	s.Eventually(stage.Patience, func() error { // kubectl gives up on a type that has no condition yet
		_, err := s.Cluster.Kubectl(s.Context(), "", "get", "servicemonitors,prometheusrules", "--namespace", s.Namespace)
		return err
	})

	values, err := filepath.Glob("../../packaging/chart/testdata/*.yaml")
	s.Fatal(err)
	if len(values) == 0 {
		t.Fatal("no values to try")
	}
	takes(s, helm(t, "lagwise", "../manifests/chart", "--namespace", s.Namespace))
	for _, file := range values {
		takes(s, helm(t, "lagwise", "../manifests/chart", "--namespace", s.Namespace, "--values", "chart/testdata/"+filepath.Base(file)))
	}
	_, err = s.Cluster.Kubectl(s.Context(), "", "apply", "--kustomize", "../../manifests/base", "--dry-run=server", "--validate=strict")
	s.Fatal(err)
}

// KEDA takes what an application's own chart makes of its values, as teams write such charts, and lint finds nothing wrong with it:
// neither with a team's triggers of KEDA's own, nor with the same triggers once "lagwise convert" has moved them over in the values.
func TestChartOfAnApplication(t *testing.T) {
	t.Parallel()
	s := shared.Scenario(t)
	const chart = "../examples/helm"
	flawless(s, helm(t, "app", chart))
	values, err := filepath.Glob("testdata/application/*.yaml")
	s.Fatal(err)
	if len(values) == 0 {
		t.Fatal("no values to try")
	}
	for _, file := range values {
		file, err := filepath.Abs(file)
		s.Fatal(err)
		before := helm(t, "app", chart, "--values", file)
		flawless(s, before)
		if logins := strings.Count(before, "kind: TriggerAuthentication"); logins != 1 {
			t.Errorf("%s: %d TriggerAuthentications in\n%s", file, logins, before)
		}

		convert := []string{"convert", "--connection", "shop", "--at", ".keda.scaledObject[].triggers"}
		moved, err := s.Lagwise.Command(s.Context(), nil, append(convert, file)...)
		if strings.Contains(before, "type: rabbitmq") {
			if err == nil {
				t.Errorf("%s: the vhost in the Secret's URL is not asked for", file)
			}
			moved, err = s.Lagwise.Command(s.Context(), nil, append(convert, withVhost(t, s, file))...)
		}
		s.Fatal(err)
		written := filepath.Join(t.TempDir(), "values.yaml")
		s.Fatal(os.WriteFile(written, moved, 0o600))
		after := helm(t, "app", chart, "--values", written)
		if _, err := s.Lagwise.Command(s.Context(), []byte(after), "lint", "-"); err == nil || !strings.Contains(err.Error(), authenticationUnused) {
			t.Errorf("%s: the authenticationRef that is left for the way back is not warned of: %v", file, err)
		}
		flawless(s, after, "--disable", authenticationUnused)
		if theirs, ours := strings.Count(before, "type: "), strings.Count(after, "type: external-push"); ours == 0 || strings.Count(after, "type: ") != theirs {
			t.Errorf("%s: %d triggers are lagwise's in\n%s", file, ours, after)
		}
	}
	if off := helm(t, "app", chart, "--set", "keda.enabled=false"); strings.TrimSpace(off) != "" {
		t.Errorf("with keda.enabled=false: %s", off)
	}
}

// withVhost writes down what the Secret's URL says of the vhost, which lagwise does not read.
func withVhost(t *testing.T, s *stage.Scenario, file string) string {
	t.Helper()
	values, err := os.ReadFile(file)
	s.Fatal(err)
	written := filepath.Join(t.TempDir(), filepath.Base(file))
	s.Fatal(os.WriteFile(written, []byte(strings.Replace(string(values), "protocol: amqp", "protocol: amqp\n            vhostName: /", 1)), 0o600))
	return written
}

// authenticationUnused is lint's rule about what convert leaves in place.
const authenticationUnused = "authentication-unused"

// flawless says that the API server takes a manifest, and that lint has no more than hints to give.
func flawless(s *stage.Scenario, manifest string, lint ...string) {
	takes(s, manifest)
	_, err := s.Lagwise.Command(s.Context(), []byte(manifest), append([]string{"lint", "-"}, lint...)...)
	s.Fatal(err)
}

// takes applies a manifest as far as the API server's own checks go, and stores nothing.
func takes(s *stage.Scenario, manifest string) {
	_, err := s.Cluster.Kubectl(s.Context(), manifest, "apply", "--dry-run=server", "--validate=strict", "--filename", "-")
	s.Fatal(err)
}

// helm renders a chart as for the Kubernetes of these tests.
func helm(t *testing.T, release, chart string, args ...string) string {
	t.Helper()
	args = append([]string{"tool", "helm", "template", release, chart, "--kube-version", "1.34.4"}, args...)
	command := exec.CommandContext(t.Context(), "go", args...)
	command.Dir = "../../packaging" // whose module names the version of Helm
	var said strings.Builder
	command.Stderr = &said
	rendered, err := command.Output()
	if err != nil {
		t.Fatalf("helm template %s %s: %v: %s", chart, strings.Join(args, " "), err, said.String())
	}
	return string(rendered)
}

// monitoringTypes is the folder of the Prometheus operator's custom resource definitions.
func monitoringTypes(t *testing.T) string {
	t.Helper()
	command := exec.CommandContext(t.Context(), "go", "mod", "download", "-json", operatorModule)
	command.Dir = t.TempDir()
	out, err := command.Output()
	var module struct{ Dir string }
	if err == nil {
		err = json.Unmarshal(out, &module)
	}
	if err != nil {
		t.Fatalf("fetch %s: %v", operatorModule, err)
	}
	return filepath.Join(module.Dir, "example", "prometheus-operator-crd")
}
