package chart_test

import (
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/engine"
	"helm.sh/helm/v3/pkg/strvals"
)

// reach is what the chart says of who reaches which port.
type reach struct {
	// rules are the ports that the NetworkPolicy opens, each with the namespaces whose pods it opens it to.
	rules map[string][]string
	// exposed are the ports of the Service, container those of the container, probed those that the kubelet asks.
	exposed, probed []string
	container       map[string]int
}

// reachWith renders the chart with values, as for Helm's --set.
func reachWith(t *testing.T, values string) reach {
	t.Helper()
	rendered, err := helm(t.Context(), "template", "lagwise", chart, "--namespace", "keda", "--kube-version", kube, "--set", values)
	if err != nil {
		t.Fatal(rendered)
	}
	seen := reach{rules: map[string][]string{}, container: map[string]int{}}
	for document := yaml.NewDecoder(strings.NewReader(rendered)); ; {
		var rendered struct {
			Kind string
			Spec struct {
				Ports   []struct{ Name string }
				Ingress []struct {
					Ports []struct{ Port string }
					From  []struct {
						Namespaces struct {
							MatchLabels map[string]string `yaml:"matchLabels"`
							Expressions []struct {
								Key, Operator string
								Values        []string
							} `yaml:"matchExpressions"`
						} `yaml:"namespaceSelector"`
					}
				}
				Template struct {
					Spec struct {
						Containers []struct {
							Ports []struct {
								Name string
								Port int `yaml:"containerPort"`
							}
							Readiness probed `yaml:"readinessProbe"`
							Liveness  probed `yaml:"livenessProbe"`
						}
					}
				}
			}
		}
		if document.Decode(&rendered) != nil {
			return seen
		}
		for _, port := range rendered.Spec.Ports {
			seen.exposed = append(seen.exposed, port.Name)
		}
		for _, rule := range rendered.Spec.Ingress {
			for _, from := range rule.From {
				namespaces := []string{from.Namespaces.MatchLabels["kubernetes.io/metadata.name"]}
				for _, expression := range from.Namespaces.Expressions {
					namespaces = expression.Values
				}
				seen.rules[rule.Ports[0].Port] = append(seen.rules[rule.Ports[0].Port], namespaces...)
			}
			if len(rule.From) == 0 {
				seen.rules[rule.Ports[0].Port] = []string{"every one"}
			}
		}
		for _, container := range rendered.Spec.Template.Spec.Containers {
			for _, port := range container.Ports {
				seen.container[port.Name] = port.Port
			}
			seen.probed = append(seen.probed, container.Readiness.HTTP.Port, container.Liveness.HTTP.Port)
		}
	}
}

type probed struct {
	HTTP struct{ Port string } `yaml:"httpGet"`
}

// Of other namespaces only KEDA's reaches lagwise, and Prometheus's once it is named. Probes have a port that no rule and no Service opens:
// Kubernetes lets a pod's own node reach it.
func TestWhoReachesWhichPort(t *testing.T) {
	t.Parallel()
	for values, namespaces := range map[string][]string{
		"": nil,
		"networkPolicy.scraperNamespaces={monitoring}":       {"monitoring"},
		"networkPolicy.scraperNamespaces={monitoring,other}": {"monitoring", "other"},
	} {
		got := reachWith(t, values)
		if !slices.Equal(got.rules["grpc"], []string{"keda"}) || !slices.Equal(got.rules["http"], namespaces) || got.rules["health"] != nil {
			t.Errorf("with %q the policy opens %v", values, got.rules)
		}
		if !slices.Equal(got.exposed, []string{"grpc", "http"}) || !slices.Equal(got.probed, []string{"health", "health"}) {
			t.Errorf("with %q the Service exposes %v, and the kubelet asks %v", values, got.exposed, got.probed)
		}
	}
	for values, want := range map[string]int{"": 8082, "config.health.listen=:9000": 9000, "config.health.listen=0.0.0.0:9000": 9000} {
		if got := reachWith(t, values).container["health"]; got != want {
			t.Errorf("with %q probes have port %d", values, got)
		}
	}
	for _, wrong := range []string{"config.health.listen=", "config.health.listen=health"} {
		if said, err := helm(t.Context(), "template", "lagwise", chart, "--kube-version", kube, "--set", wrong); err == nil || !strings.Contains(said, "config.health.listen") || !strings.Contains(said, "want an address with a port") {
			t.Errorf("with %q: %v: %s", wrong, err, said)
		}
	}
}

// What is installed listens where KEDA, Prometheus and the kubelet find it, although the program's own default is loopback.
func TestTheChartListensForOthers(t *testing.T) {
	t.Parallel()
	rendered, err := helm(t.Context(), "template", "lagwise", chart, "--kube-version", kube)
	if err != nil {
		t.Fatal(rendered)
	}
	var config struct {
		Listen       string
		HTTP, Health struct{ Listen string }
	}
	if err := yaml.Unmarshal([]byte(configIn(t, rendered)), &config); err != nil {
		t.Fatal(err)
	}
	if config.Listen != ":6000" || config.HTTP.Listen != ":8080" || config.Health.Listen != ":8082" {
		t.Errorf("it listens on %+v", config)
	}
}

func TestNotesSayWhoMayScrape(t *testing.T) {
	t.Parallel()
	for values, want := range map[string]string{
		"": "Its metrics cannot be scraped yet: set networkPolicy.scraperNamespaces",
		"networkPolicy.scraperNamespaces={monitoring,other}": "Its metrics can be scraped from monitoring, other",
		"networkPolicy.enabled=false":                        "",
	} {
		notes := notesWith(t, values)
		if notes == "" || !strings.Contains(notes, want) || strings.Contains(notes, "metrics") != (want != "") {
			t.Errorf("with %q: %s", values, notes)
		}
	}
}

// notesWith is what Helm says after an installation with values.
func notesWith(t *testing.T, values string) string {
	t.Helper()
	loaded, err := loader.Load(chart)
	if err != nil {
		t.Fatal(err)
	}
	given, err := strvals.Parse(values)
	if err != nil {
		t.Fatal(err)
	}
	all, err := chartutil.ToRenderValues(loaded, given, chartutil.ReleaseOptions{Name: "lagwise", Namespace: "keda", IsInstall: true}, nil)
	if err != nil {
		t.Fatal(err)
	}
	rendered, err := engine.Render(loaded, all)
	if err != nil {
		t.Fatal(err)
	}
	return rendered["lagwise/templates/NOTES.txt"]
}
