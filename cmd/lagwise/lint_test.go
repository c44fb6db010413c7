package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// lagwise runs the program, and gives its exit code and what it printed.
func lagwise(t *testing.T, args ...string) (code int, printed, problems string) {
	t.Helper()
	var out, err bytes.Buffer
	code = run(t.Context(), args, &out, &err)
	return code, out.String(), err.String()
}

// What people copy from here fails nobody's build. Hints are there to be read.
func TestOurOwnManifestsLintClean(t *testing.T) {
	t.Parallel()
	code, printed, problems := lagwise(t, "lint", "../../examples", "../../manifests")
	if code != 0 || strings.Contains(printed, ": error: ") || strings.Contains(printed, ": warning: ") || !strings.Contains(problems, "looked at: ") {
		t.Errorf("exit code %d\n%s%s", code, printed, problems)
	}
	if !strings.Contains(printed, "cold-start") {
		t.Errorf("nothing was looked at:\n%s", printed)
	}
}

func TestLintPageShowsTheRulesAsTheyAre(t *testing.T) {
	t.Parallel()
	page := textOf(t, "../../docs/lint.md")
	_, printed, _ := lagwise(t, "lint", "--reference")
	if !strings.Contains(page, rulesSection.begin()+printed+rulesSection.end()) {
		t.Error(`docs/lint.md does not show the rules as they are: run "make docs"`)
	}
}

const misspelt = `kind: ScaledObject
metadata: {name: orders, namespace: shop}
spec:
  minReplicaCount: 1
  triggers:
    - type: external-push
      metadata:
        scalerAddress: lagwise.keda.svc:6000
        bootstrapServers: k.svc:9092
        consumerGroup: orders
        topic: orders
        lagThreshold: "5"
        lagThresold: "5"
`

func TestLint(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	bad := file("bad.yaml", misspelt)
	good := file("good.yaml", strings.Replace(misspelt, "        lagThresold: \"5\"\n", "", 1))
	hint := file("hint.yaml", strings.Replace(misspelt, "        lagThresold: \"5\"\n", "      useCachedMetrics: true\n", 1))
	broken := file("broken.yaml", "a: b: c")
	empty := file("empty.yaml", "kind: ConfigMap\n")
	why := `
    lagwise refuses the trigger; KEDA's own scalers ignore the key without a word.
    Write the key as it is meant.
`
	for _, c := range []struct {
		name         string
		args         []string
		code         int
		out, problem string
	}{
		{"good", []string{good}, 0, "", "lagwise: 1 looked at: nothing to complain of\n"},
		{"nothing to look at", []string{empty}, 0, "", "lagwise: 0 looked at: nothing to complain of\n"},
		{"bad", []string{bad}, 1, bad + `:13:9: error: "lagThresold" is not a key, and looks like lagThreshold [misspelt-key]` + why, "lagwise: 1 looked at: 1 error\n"},
		{"disabled", []string{"--disable", "misspelt-key", bad}, 0, "", "lagwise: 1 looked at: nothing to complain of\n"},
		{"a hint", []string{hint, "--format", "github"}, 0, "::notice file=" + hint + ",line=13,col=7,title=lagwise cached-metrics::useCachedMetrics holds answers back. The HPA sees a value that is up to pollingInterval old, and saves nobody anything: lagwise answers from memory. Leave it out.\n", "lagwise: 1 looked at: 1 hint\n"},
		{"a hint that fails", []string{hint, "--format", "github", "--fail-on", "hint", "--disable", "misspelt-key,no-yaml"}, 1, "::notice file=" + hint + ",line=13,col=7,title=lagwise cached-metrics::useCachedMetrics holds answers back. The HPA sees a value that is up to pollingInterval old, and saves nobody anything: lagwise answers from memory. Leave it out.\n", "lagwise: 1 looked at: 1 hint\n"},
		{"a warning that is let through", []string{"--fail-on", "error", "--partitions", "orders=5", "--format", "github", good}, 0, "::warning file=" + good + ",line=1,col=1,title=lagwise max-above-partitions::maxReplicaCount 100 is more than 5 replicas can read: topic orders has 5 partitions. Replicas beyond the partitions are never asked for, or have nothing to read. Say as many as there are partitions, or add partitions; `allowIdleConsumers: \"true\"` keeps idle ones ready.\n", "lagwise: 1 looked at: 1 warning\n"},
		{"no YAML", []string{"--format", "github", broken}, 1, "::error file=" + broken + ",line=1,col=1,title=lagwise no-yaml::no YAML: mapping values are not allowed in this context. Nobody can apply it; the other documents of its file are looked at all the same. Mend the line; render templates before you lint them.\n", "lagwise: 0 looked at: 1 error\n"},
		{"a file that is not there", []string{"nobody.yaml", good}, 2, "", "lagwise: looking for manifests: lstat nobody.yaml: no such file or directory\n"},
		{"nothing", nil, 2, "", "lagwise: name files or folders to lint, or \"-\"\n"},
		{"a wrong rule", []string{"--disable", "everything", good}, 2, "", "lagwise: --disable \"everything\": there is no such rule\n"},
		{"a wrong format", []string{"--format", "xml", good}, 2, "", "lagwise: --format \"xml\": want one of github, json, text\n"},
		{"a wrong severity", []string{"--fail-on", "never", good}, 2, "", "lagwise: --fail-on \"never\": want error, warning or hint\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			code, out, problem := lagwise(t, append([]string{"lint"}, c.args...)...)
			if code != c.code || out != c.out || problem != c.problem {
				t.Errorf("exit code %d\n%s%s\nwant %d\n%s%s", code, out, problem, c.code, c.out, c.problem)
			}
		})
	}
}

func TestLintForPrograms(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "bad.yaml")
	if err := os.WriteFile(path, []byte(misspelt), 0o600); err != nil {
		t.Fatal(err)
	}
	code, out, _ := lagwise(t, "lint", "--format", "json", path)
	var got struct{ Findings []map[string]any }
	if err := json.Unmarshal([]byte(out), &got); err != nil || code != 1 || len(got.Findings) != 1 {
		t.Fatalf("exit code %d, %v: %s", code, err, out)
	}
	for key, want := range map[string]any{
		"rule": "misspelt-key", "severity": "error", "file": path, "line": 13.0, "column": 9.0, "workload": "ScaledObject shop/orders", "trigger": 0.0,
	} {
		if got.Findings[0][key] != want {
			t.Errorf("%s is %v, want %v", key, got.Findings[0][key], want)
		}
	}
	if _, out, _ := lagwise(t, "lint", "--format", "json", "../../examples/kafka-skewed.yaml", "--disable", "cold-start"); out != "{\n  \"findings\": []\n}\n" {
		t.Errorf("nothing found is %q", out)
	}
}
