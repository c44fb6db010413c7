package chart_test

import (
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/engine"
	"helm.sh/helm/v3/pkg/strvals"
)

// object is what the tests look at of a rendered object.
type object struct {
	Kind     string
	Metadata struct {
		Name   string
		Labels map[string]string
	}
	Spec struct {
		Ports     []port
		PodSelect struct {
			MatchLabels map[string]string `yaml:"matchLabels"`
		} `yaml:"podSelector"`
		Template struct {
			Metadata struct{ Labels map[string]string }
			Spec     struct {
				Containers []struct {
					Ports        []port
					VolumeMounts []struct {
						Name      string
						MountPath string `yaml:"mountPath"`
					} `yaml:"volumeMounts"`
				}
				Volumes []struct {
					Name   string
					Secret struct {
						SecretName string `yaml:"secretName"`
					}
				}
			}
		}
		Ingress []struct{ Ports []struct{ Port string } }
	}
	Data map[string]string
}

type port struct {
	Name                string
	Port, ContainerPort int
	TargetPort          string
}

func (p *port) UnmarshalYAML(node *yaml.Node) error {
	var read struct {
		Name          string
		Port          int
		ContainerPort int    `yaml:"containerPort"`
		TargetPort    string `yaml:"targetPort"`
	}
	err := node.Decode(&read)
	*p = port(read)
	return err
}

// files renders the chart as an installation does, by Helm's own engine: no command of Helm prints the notes without a cluster.
func files(values ...string) (map[string]string, error) {
	loaded, err := loader.Load(chart)
	if err != nil {
		return nil, err
	}
	given, err := strvals.Parse(strings.Join(values, ","))
	if err != nil {
		return nil, err
	}
	release := chartutil.ReleaseOptions{Name: "lagwise", Namespace: "keda", IsInstall: true}
	all, err := chartutil.ToRenderValues(loaded, given, release, nil)
	if err != nil {
		return nil, err
	}
	return engine.Render(loaded, all)
}

// render gives the chart's objects by kind; the dashboard is a ConfigMap of its own. A key that is emitted twice is an error.
func render(t *testing.T, values ...string) map[string]object {
	t.Helper()
	rendered, err := files(values...)
	if err != nil {
		t.Fatalf("%v: %v", values, err)
	}
	objects := map[string]object{}
	for name, text := range rendered {
		if !strings.HasSuffix(name, ".yaml") {
			continue
		}
		for documents := yaml.NewDecoder(strings.NewReader(text)); ; {
			var one object
			err := documents.Decode(&one)
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatalf("%s with %v: %v", name, values, err)
			}
			if one.Kind == "ConfigMap" && strings.HasSuffix(one.Metadata.Name, "-dashboard") {
				one.Kind = "Dashboard"
			}
			objects[one.Kind] = one
		}
	}
	return objects
}

// A Secret's name may have dots and 253 characters, a volume's neither.
func TestSecretsOfAnyNameAreMounted(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("a", 253)
	secrets := []string{"kafka.payments", "kafka-payments", long, "kafka.payments"}
	pod := render(t, "secrets={"+strings.Join(secrets, ",")+"}", "tls.secretName=lagwise.tls")["Deployment"].Spec.Template.Spec
	label := regexp.MustCompile(`^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$`) // RFC 1123
	mounted := map[string]string{}
	for _, mount := range pod.Containers[0].VolumeMounts {
		if mounted[mount.Name] != "" {
			t.Errorf("%s is mounted twice", mount.Name)
		}
		mounted[mount.Name] = mount.MountPath
	}
	var found []string
	for _, volume := range pod.Volumes {
		if !label.MatchString(volume.Name) || mounted[volume.Name] == "" {
			t.Errorf("volume %q, mounted at %q", volume.Name, mounted[volume.Name])
		}
		if path, is := strings.CutPrefix(mounted[volume.Name], "/etc/lagwise/secrets/"); is {
			if path != volume.Secret.SecretName {
				t.Errorf("Secret %s is mounted at %s", volume.Secret.SecretName, path)
			}
			found = append(found, path)
		}
	}
	if want := []string{"kafka.payments", "kafka-payments", long}; !slices.Equal(found, want) {
		t.Errorf("mounted %q, want %q", found, want)
	}
}

// One label that several values give is there once, and never takes the place of one by which objects find each other.
func TestLabelsAreThereOnce(t *testing.T) {
	t.Parallel()
	var values []string
	for _, of := range []string{"commonLabels", "podLabels", "serviceMonitor.labels", "prometheusRule.labels", "dashboard.labels"} {
		for _, label := range []string{`app\.kubernetes\.io/name`, `app\.kubernetes\.io/version`, `helm\.sh/chart`, "team", "grafana_dashboard"} {
			values = append(values, fmt.Sprintf("%s.%s=%s", of, label, strings.ReplaceAll(of, ".", "-")))
		}
	}
	values = append(values, "commonLabels.everywhere=x", "serviceMonitor.enabled=true", "prometheusRule.enabled=true", "dashboard.enabled=true")
	objects := render(t, values...)
	for kind, want := range map[string]string{
		"Service": "commonLabels", "ServiceMonitor": "serviceMonitor-labels", "PrometheusRule": "prometheusRule-labels", "Dashboard": "dashboard-labels",
	} {
		labels := objects[kind].Metadata.Labels
		if labels["team"] != want || labels["everywhere"] != "x" || labels["app.kubernetes.io/name"] != "lagwise" || labels["app.kubernetes.io/version"] == want {
			t.Errorf("%s: %v", kind, labels)
		}
	}
	pod := objects["Deployment"].Spec.Template.Metadata.Labels
	if pod["team"] != "podLabels" || pod["everywhere"] != "x" {
		t.Errorf("the Pod: %v", pod)
	}
	for label, want := range objects["NetworkPolicy"].Spec.PodSelect.MatchLabels {
		if pod[label] != want {
			t.Errorf("the Pod's %s is %q, and the NetworkPolicy looks for %q", label, pod[label], want)
		}
	}
}

// The Service is headless, so clients reach the Pod at the Service's port: all ports are those at which lagwise listens.
func TestPortsFollowTheConfiguration(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		values     []string
		grpc, http int
	}{
		"by default":       {nil, 6000, 8080},
		"config.listen":    {[]string{"config.listen=:7000"}, 7000, 8080},
		"an address":       {[]string{"config.listen=[::]:7000", "config.http.listen=0.0.0.0:9090"}, 7000, 9090},
		"the Service's":    {[]string{"service.port=7000", "service.httpPort=9090"}, 7000, 9090},
		"both":             {[]string{"service.port=7000", "config.listen=:7001"}, 7001, 8080},
		"without metrics":  {[]string{"config.http.listen="}, 6000, 0},
		"other variables":  {[]string{"env[0].name=LAGWISE_LOG_LEVEL,env[0].value=debug"}, 6000, 8080},
		"other http keys":  {[]string{"config.http.listen=:9090", "config.page.listen="}, 6000, 9090},
		"a release's dots": {[]string{"fullnameOverride=lagwise.payments"}, 6000, 8080},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			objects := render(t, test.values...)
			want := map[string]int{"grpc": test.grpc}
			if test.http > 0 {
				want["http"] = test.http
			}
			container := map[string]int{}
			for _, port := range objects["Deployment"].Spec.Template.Spec.Containers[0].Ports {
				container[port.Name] = port.ContainerPort
			}
			for name, number := range want {
				if container[name] != number {
					t.Errorf("container port %s is %d, want %d", name, container[name], number)
				}
			}
			service := objects["Service"]
			for _, port := range service.Spec.Ports {
				if port.Port != want[port.Name] || port.TargetPort != port.Name {
					t.Errorf("the Service's port: %+v, want %d", port, want[port.Name])
				}
			}
			if len(service.Spec.Ports) != len(want) || strings.Contains(service.Metadata.Name, ".") {
				t.Errorf("the Service %s has %+v, want %v", service.Metadata.Name, service.Spec.Ports, want)
			}
			for _, rule := range objects["NetworkPolicy"].Spec.Ingress {
				if _, exists := container[rule.Ports[0].Port]; !exists {
					t.Errorf("the NetworkPolicy names port %s, which the container has not", rule.Ports[0].Port)
				}
			}
			var config struct {
				Listen string
				HTTP   struct{ Listen string }
			}
			if err := yaml.Unmarshal([]byte(objects["ConfigMap"].Data["lagwise.yaml"]), &config); err != nil {
				t.Fatal(err)
			}
			if !strings.HasSuffix(config.Listen, fmt.Sprint(":", test.grpc)) || test.http > 0 != strings.HasSuffix(config.HTTP.Listen, fmt.Sprint(":", test.http)) {
				t.Errorf("lagwise listens at %q and %q", config.Listen, config.HTTP.Listen)
			}
		})
	}
}

func TestPortsThatNobodyWouldFindAreRefused(t *testing.T) {
	t.Parallel()
	for value, words := range map[string]string{
		"config.listen=grpc":                                 `config.listen "grpc": want an address with a port`,
		"env[0].name=LAGWISE_LISTEN,env[0].value=:7000":      "env: LAGWISE_LISTEN moves a port that the chart does not know then: set config.listen",
		"env[0].name=LAGWISE_HTTP_LISTEN,env[0].value=:7000": "set config.http.listen",
	} {
		if _, err := files(value); err == nil || !strings.Contains(err.Error(), words) {
			t.Errorf("%s: %v", value, err)
		}
	}
}

// What Helm prints after an installation is a trigger that works.
func TestNotes(t *testing.T) {
	t.Parallel()
	const mutual = "tls.secretName=x,tls.clientNames={keda-operator}"
	for name, test := range map[string]struct {
		values    string
		has, lack []string
	}{
		"in clear": {"config.listen=:7000", []string{"scalerAddress: lagwise.keda.svc:7000", "port-forward deployment/lagwise 8081"}, []string{"authenticationRef", "enableTLS"}},
		"TLS":      {"tls.secretName=x", []string{"svc:6000 over TLS", `enableTLS: "true"`, "caCert"}, []string{"tlsClientCert", "authenticationRef: {"}},
		"mutual TLS": {mutual, []string{
			"over mutual TLS", "authenticationRef: {name: lagwise, kind: ClusterTriggerAuthentication}", "certificate of keda-operator", "{parameter: tlsClientKey, name: lagwise-client, key: tls.key}",
		}, nil},
		"mutual TLS by config": {
			"config.tls.certificateFile=a,config.tls.keyFile=b,config.tls.clientCAFile=c", []string{"over mutual TLS", "authenticationRef: {name: lagwise"}, []string{"certificate of"},
		},
		"another page": {"config.page.listen=127.0.0.1:9999", []string{"deployment/lagwise 9999   # http://localhost:9999"}, []string{"8081"}},
		"no page":      {"config.page.listen=", nil, []string{"port-forward"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rendered, err := files(test.values)
			if err != nil {
				t.Fatal(err)
			}
			notes := rendered["lagwise/templates/NOTES.txt"]
			for _, words := range test.has {
				if !strings.Contains(notes, words) {
					t.Errorf("%q is not among the notes:\n%s", words, notes)
				}
			}
			for _, words := range test.lack {
				if strings.Contains(notes, words) {
					t.Errorf("%q is among the notes:\n%s", words, notes)
				}
			}
		})
	}
}
