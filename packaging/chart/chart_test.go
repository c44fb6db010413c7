// Package chart tests the Helm chart and what is made from it. That the API server accepts what the chart renders is shown by the
// end-to-end tests.
package chart_test

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const (
	chart = "../../manifests/chart"
	base  = "../../manifests/base"
	// kustomization lists the base's files.
	kustomization = "kustomization.yaml"
	// kube is the release of Kubernetes that a chart is rendered for.
	kube = "1.34.0"
)

// helm runs Helm of the version that this module names.
func helm(ctx context.Context, args ...string) (string, error) {
	out, err := exec.CommandContext(ctx, "go", append([]string{"tool", "helm"}, args...)...).CombinedOutput()
	return string(out), err
}

func TestLint(t *testing.T) {
	t.Parallel()
	values, err := filepath.Glob("testdata/*.yaml")
	if err != nil || len(values) == 0 {
		t.Fatalf("%v: %v", values, err)
	}
	for _, file := range values {
		if said, err := helm(t.Context(), "lint", "--strict", "--kube-version", kube, "--values", file, chart); err != nil {
			t.Errorf("with %s: %s", file, said)
		}
	}
}

// A misspelt value is refused by name, before anything is installed.
func TestMisspeltValue(t *testing.T) {
	t.Parallel()
	for _, wrong := range []string{"replicaCont=3", "image.digest=latest", "service.port=0", "tls.secret=x"} {
		said, err := helm(t.Context(), "template", "lagwise", chart, "--kube-version", kube, "--set", wrong)
		key, _, _ := strings.Cut(wrong, "=")
		if err == nil || !strings.Contains(said, key[strings.LastIndex(key, ".")+1:]) {
			t.Errorf("%s: %v: %s", wrong, err, said)
		}
	}
}

// Who may read Secrets must know whom it answers, and be nobody else.
func TestAuthenticationsNeedMutualTLSAndAnAccount(t *testing.T) {
	t.Parallel()
	const on = "triggerAuthentications.enabled=true"
	for words, values := range map[string]string{
		"needs tls.secretName and tls.clientNames": on + ",tls.secretName=x",
		"a service account of lagwise's own":       on + ",tls.secretName=x,tls.clientNames={keda},serviceAccount.create=false",
	} {
		said, err := helm(t.Context(), "template", "lagwise", chart, "--kube-version", kube, "--set", values)
		if err == nil || !strings.Contains(said, words) {
			t.Errorf("%s: %v: %s", values, err, said)
		}
	}
}

// kustomize's base is the chart with its defaults: "make manifests" writes it.
func TestBaseIsTheChart(t *testing.T) {
	t.Parallel()
	fresh := t.TempDir()
	command := exec.CommandContext(t.Context(), "make", "--silent", "--directory", "../..", "manifests", "BASE="+fresh)
	if said, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, said)
	}
	names := map[string]bool{}
	for _, folder := range []string{fresh, base} {
		files, err := filepath.Glob(filepath.Join(folder, "*.yaml"))
		if err != nil || len(files) == 0 {
			t.Fatalf("%s is empty: %v", folder, err)
		}
		for _, file := range files {
			names[filepath.Base(file)] = true
		}
	}
	list, err := os.ReadFile(filepath.Join(base, kustomization))
	if err != nil {
		t.Fatal(err)
	}
	for name := range names {
		if name == kustomization {
			continue
		}
		same(t, filepath.Join(fresh, name), filepath.Join(base, name))
		if !strings.Contains(string(list), "- "+name+"\n") {
			t.Errorf("%s does not name %s", kustomization, name)
		}
	}
}

// Its list of values is made from the comments in values.yaml.
func TestReadmeIsFresh(t *testing.T) {
	t.Parallel()
	fresh, err := exec.CommandContext(t.Context(), "go", "tool", "helm-docs", "--dry-run", "--log-level", "error",
		"--chart-search-root", chart, "--template-files", "README.md.gotmpl").Output()
	if err != nil {
		t.Fatal(err)
	}
	kept, err := os.ReadFile(filepath.Join(chart, "README.md"))
	if err != nil || strings.TrimSpace(string(kept)) != strings.TrimSpace(string(fresh)) {
		t.Error("the chart's README.md is stale: run \"make manifests\"")
	}
}

// A chart can only render what lies in its folder.
func TestMonitoringIsTheSame(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"alerts.yaml", "dashboard.json"} {
		same(t, filepath.Join("../../manifests/monitoring", name), filepath.Join(chart, "files", name))
	}
}

func same(t *testing.T, fresh, kept string) {
	t.Helper()
	want, err := os.ReadFile(fresh)
	if err != nil {
		t.Errorf("%s is no longer rendered: run \"make manifests\"", kept)
		return
	}
	if got, err := os.ReadFile(kept); err != nil || !bytes.Equal(got, want) {
		t.Errorf("%s is stale: run \"make manifests\"", kept)
	}
}
