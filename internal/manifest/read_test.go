package manifest_test

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/lagwise/lagwise/internal/manifest"
)

func read(t *testing.T, text string) []manifest.Workload {
	t.Helper()
	workloads, err := manifest.Read("a.yaml", strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return workloads
}

func one(t *testing.T, text string) manifest.Workload {
	t.Helper()
	workloads := read(t, text)
	if len(workloads) != 1 {
		t.Fatalf("found %d workloads", len(workloads))
	}
	return workloads[0]
}

func names(workloads []manifest.Workload) []string {
	var names []string
	for _, w := range workloads {
		names = append(names, w.Kind+" "+w.Name+" "+w.Place.String())
	}
	return names
}

const orders = `apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata:
  name: orders
  namespace: shop
  annotations: {autoscaling.keda.sh/paused: "true"}
spec:
  scaleTargetRef: {name: orders, kind: StatefulSet, apiVersion: apps/v1}
  minReplicaCount: 0
  maxReplicaCount: 12
  idleReplicaCount: 0
  pollingInterval: 30
  cooldownPeriod: 300
  initialCooldownPeriod: 60
  fallback: {failureThreshold: 3, replicas: 6, behavior: currentReplicas}
  advanced:
    restoreToOriginalReplicaCount: true
    scalingModifiers: {formula: a + b, target: "20", activationTarget: "1", metricType: Value}
    horizontalPodAutoscalerConfig:
      behavior:
        scaleDown:
          stabilizationWindowSeconds: 300
          selectPolicy: Min
          tolerance: 50m
          policies:
            - {type: Percent, value: 100, periodSeconds: 15}
        scaleUp: {tolerance: 0.2}
  triggers:
    - type: external-push
      name: a
      metricType: AverageValue
      useCachedMetrics: true
      metadata:
        topic: orders   # the one
        lagThreshold: 5
        allowIdleConsumers: no
        "limitBy": 'partitions'
        excludeDates: 2026-12-25
        version: 1.0
        start: 00,15 * * * *
        empty:
        list: [a]
      authenticationRef: {name: link, kind: ClusterTriggerAuthentication}
    - {type: cron, metadata: {timezone: UTC}}
`

func TestScaledObject(t *testing.T) {
	t.Parallel()
	w := one(t, orders)
	if w.Kind != manifest.ScaledObject || w.Namespace != "shop" || w.Name != "orders" || w.Annotations["autoscaling.keda.sh/paused"] != "true" {
		t.Errorf("%+v", w)
	}
	if len(w.Problems) > 0 {
		t.Errorf("problems: %v", w.Problems)
	}
	n := func(n int32) *int32 { return &n }
	f := func(f float64) *float64 { return &f }
	want := manifest.Spec{
		MinReplicaCount: n(0), MaxReplicaCount: n(12), IdleReplicaCount: n(0),
		PollingInterval: n(30), CooldownPeriod: n(300), InitialCooldownPeriod: n(60),
		Fallback: &manifest.Fallback{FailureThreshold: 3, Replicas: 6, Behavior: "currentReplicas"},
		Behavior: &manifest.Behavior{
			ScaleDown: &manifest.ScalingRules{
				StabilizationWindowSeconds: n(300), SelectPolicy: "Min", Tolerance: f(0.05),
				Policies: []manifest.Policy{{Type: "Percent", Value: 100, PeriodSeconds: 15}},
			},
			ScaleUp: &manifest.ScalingRules{Tolerance: f(0.2)},
		},
		ScalingModifiers:              &manifest.ScalingModifiers{Formula: "a + b", Target: "20", ActivationTarget: "1", MetricType: "Value"},
		RestoreToOriginalReplicaCount: true,
		Target:                        manifest.Target{APIVersion: "apps/v1", Kind: "StatefulSet", Name: "orders"},
	}
	if !reflect.DeepEqual(w.Spec, want) {
		t.Errorf("Spec = %+v\nwant   %+v", w.Spec, want)
	}
	if at, found := w.At("spec", "fallback", "replicas"); !found || at.String() != "a.yaml:15:35" {
		t.Errorf("fallback.replicas at %v, %v", at, found)
	}
	if at, found := w.At("spec", "advanced", "nothing"); found {
		t.Errorf("found nothing at %v", at)
	}
}

func TestTriggers(t *testing.T) {
	t.Parallel()
	triggers := one(t, orders).Triggers
	if len(triggers) != 2 {
		t.Fatalf("%d triggers", len(triggers))
	}
	push, cron := triggers[0], triggers[1]
	if push.Type != "external-push" || push.Name != "a" || push.Index != 0 || push.MetricType != "AverageValue" || !push.UseCachedMetrics || push.Place.String() != "a.yaml:29:7" {
		t.Errorf("%+v", push)
	}
	if ref := push.Authentication; ref == nil || ref.Name != "link" || ref.Kind != "ClusterTriggerAuthentication" || ref.Place.String() != "a.yaml:43:26" {
		t.Errorf("%+v", ref)
	}
	if cron.Type != "cron" || cron.Index != 1 || cron.Authentication != nil || cron.Metadata["timezone"] != "UTC" {
		t.Errorf("%+v", cron)
	}
	wantMetadata := map[string]string{
		"topic": "orders", "lagThreshold": "5", "allowIdleConsumers": "no", "limitBy": "partitions", "excludeDates": "2026-12-25",
		"version": "1.0", "start": "00,15 * * * *", "empty": "",
	}
	if !reflect.DeepEqual(push.Metadata, wantMetadata) {
		t.Errorf("Metadata = %v", push.Metadata)
	}
	var tags []string
	for _, entry := range push.Entries {
		tags = append(tags, entry.Key+" "+entry.Tag)
	}
	if got, want := strings.Join(tags, ", "), "topic !!str, lagThreshold !!int, allowIdleConsumers !!bool, limitBy !!str, excludeDates !!str, version !!float, start !!str, empty !!null, list !!seq"; got != want {
		t.Errorf("tags:\n%s\nwant\n%s", got, want)
	}
	threshold, found := push.Entry("lagThreshold")
	if !found || threshold.KeyPlace.String() != "a.yaml:35:9" || threshold.ValuePlace.String() != "a.yaml:35:23" {
		t.Errorf("%+v, %v", threshold, found)
	}
}

func TestScaledJob(t *testing.T) {
	t.Parallel()
	w := one(t, `
kind: ScaledJob
metadata: {name: j}
spec:
  scalingStrategy: {strategy: custom, customScalingQueueLengthDeduction: 1, customScalingRunningJobPercentage: "0.5", multipleScalersCalculation: sum}
  triggers: []
`)
	deduction := int32(1)
	want := &manifest.ScalingStrategy{Strategy: "custom", CustomScalingQueueLengthDeduction: &deduction, CustomScalingRunningJobPercentage: "0.5", MultipleScalersCalculation: "sum"}
	if w.Kind != manifest.ScaledJob || !reflect.DeepEqual(w.Spec.ScalingStrategy, want) || w.Spec.Fallback != nil {
		t.Errorf("%+v", w)
	}
}

// Lines are those of the file, whatever came before.
func TestStreams(t *testing.T) {
	t.Parallel()
	object := func(name string) string { return "kind: ScaledObject\nmetadata: {name: " + name + "}\n" }
	for _, c := range []struct {
		name, text string
		want       []string
	}{
		{"nothing", "", nil},
		{"comments alone", "# hello\n---\n# world\n", nil},
		{"several documents", "---\n" + object("a") + "---\n" + object("b"), []string{"ScaledObject a a.yaml:2:1", "ScaledObject b a.yaml:5:1"}},
		{"other kinds between", object("a") + "---\nkind: Service\n---\n" + object("b"), []string{"ScaledObject a a.yaml:1:1", "ScaledObject b a.yaml:6:1"}},
		{"another API's kind", "apiVersion: example.com/v1\n" + object("a"), nil},
		{"no mapping", "- a\n---\nhello\n---\n5\n---\n" + object("a"), []string{"ScaledObject a a.yaml:7:1"}},
		{"CRLF", strings.ReplaceAll("---\n"+object("a")+"---\n"+object("b"), "\n", "\r\n"), []string{"ScaledObject a a.yaml:2:1", "ScaledObject b a.yaml:5:1"}},
		{"marker with a comment", "--- # first\n" + object("a") + "--- # second\n" + object("b"), []string{"ScaledObject a a.yaml:2:1", "ScaledObject b a.yaml:5:1"}},
		{"end markers", object("a") + "...\n# between\n...\n" + object("b"), []string{"ScaledObject a a.yaml:1:1", "ScaledObject b a.yaml:6:1"}},
		{"directives", "%YAML 1.1\n---\n" + object("a") + "...\n%YAML 1.1\n---\n" + object("b"), []string{"ScaledObject a a.yaml:3:1", "ScaledObject b a.yaml:8:1"}},
		{"a byte order mark", "\ufeff" + object("a"), []string{"ScaledObject a a.yaml:1:1"}},
		{"no newline at the end", "kind: ScaledJob", []string{"ScaledJob  a.yaml:1:1"}},
		{
			"a list", "apiVersion: v1\nkind: List\nitems:\n- {kind: ScaledObject, metadata: {name: a}}\n- {kind: Service}\n- {kind: ScaledJob, metadata: {name: b}}\n",
			[]string{"ScaledObject a a.yaml:4:3", "ScaledJob b a.yaml:6:3"},
		},
		{"a list of one kind", "kind: ScaledObjectList\nitems:\n- metadata: {name: a}\n", []string{"ScaledObject a a.yaml:3:3"}},
		{"JSON", "{\n\t\"kind\": \"ScaledObject\",\n\t\"metadata\": {\"name\": \"a\"}\n}", []string{"ScaledObject a a.yaml:1:1"}},
		{"a marker in a block", "kind: ScaledObject\nmetadata:\n  name: a\n  annotations:\n    x: |\n      ---\n      kind: ScaledJob\n", []string{"ScaledObject a a.yaml:1:1"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if got := names(read(t, c.text)); !reflect.DeepEqual(got, c.want) {
				t.Errorf("%v, want %v", got, c.want)
			}
		})
	}
}

func TestHelmTemplate(t *testing.T) {
	t.Parallel()
	workloads := read(t, "---\n# Source: app/templates/a.yaml\nkind: ScaledObject\n---\n# Source: app/templates/b.yaml\n# a comment\nkind: ScaledJob\n---\nkind: ScaledJob\n# Source: not this\n")
	if len(workloads) != 3 || workloads[0].Source != "app/templates/a.yaml" || workloads[1].Source != "app/templates/b.yaml" || workloads[2].Source != "" {
		t.Errorf("%+v", workloads)
	}
}

func TestAnchorsAndMerges(t *testing.T) {
	t.Parallel()
	w := one(t, `
kind: ScaledObject
x: &link {scalerAddress: lagwise:6000, lagThreshold: "5", topic: other}
y: &kafka {<<: *link, bootstrapServers: "k:9092"}
spec: &spec
  minReplicaCount: &one 1
  maxReplicaCount: *one
  triggers:
    - type: external
      metadata: {topic: a, <<: [*kafka, {topic: never, tls: enable}]}
    - type: external
      metadata: &all {topic: twice, topic: b}
    - type: external
      metadata: *all
`)
	if *w.Spec.MinReplicaCount != 1 || *w.Spec.MaxReplicaCount != 1 {
		t.Errorf("%+v", w.Spec)
	}
	want := map[string]string{"topic": "a", "scalerAddress": "lagwise:6000", "lagThreshold": "5", "bootstrapServers": "k:9092", "tls": "enable"}
	if got := w.Triggers[0].Metadata; !reflect.DeepEqual(got, want) {
		t.Errorf("merged: %v", got)
	}
	if topic, _ := w.Triggers[0].Entry("topic"); topic.Merged || topic.KeyPlace.Line != 10 {
		t.Errorf("%+v", topic)
	}
	if address, _ := w.Triggers[0].Entry("scalerAddress"); !address.Merged || address.KeyPlace.Line != 3 {
		t.Errorf("%+v", address)
	}
	if topic, _ := w.Triggers[1].Entry("topic"); topic.Value != "b" || len(w.Triggers[1].Entries) != 2 || w.Triggers[1].Metadata["topic"] != "b" {
		t.Errorf("written twice: %+v", w.Triggers[1])
	}
	if topic, _ := w.Triggers[2].Entry("topic"); !topic.Merged || topic.Value != "b" {
		t.Errorf("by alias: %+v", topic)
	}
}

// A document that is no YAML is told of with its place, and hides no other.
func TestBrokenDocuments(t *testing.T) {
	t.Parallel()
	good := "kind: ScaledObject\nmetadata: {name: a}\n"
	for _, c := range []struct {
		name, text string
		want       []string
		wantError  string
	}{
		{"in the middle", good + "---\na: b\n  c: d\n---\n" + good, []string{"ScaledObject a a.yaml:1:1", "ScaledObject a a.yaml:7:1"}, "a.yaml:5:3: no YAML: mapping values are not allowed in this context"},
		{"on the first line", "a: b: c", nil, "a.yaml:1:1: no YAML: mapping values are not allowed in this context"},
		{"an anchor that is not there", "---\na: 1\n---\nkind: *nobody\n", nil, "a.yaml:3:1: no YAML: unknown anchor 'nobody' referenced"},
		{"two of them", "a: b: c\n---\n[\n---\n" + good, []string{"ScaledObject a a.yaml:5:1"}, "a.yaml:1:1: no YAML: mapping values are not allowed in this context\na.yaml:3:1: no YAML: did not find expected node content"},
		{"a template", "{{- if .Values.keda }}\nkind: ScaledObject\n{{- end }}\n", nil, "a.yaml:1:1: no YAML: did not find expected node content; this looks like a template: render it first, such as with \"helm template CHART\""},
		{"UTF-16", "\xff\xfek\x00", nil, "a.yaml:1:1: is UTF-16: save it as UTF-8"},
		{"not text", "kind: \xff\n", nil, "a.yaml:1:1: no YAML: invalid leading UTF-8 octet"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			workloads, err := manifest.Read("a.yaml", strings.NewReader(c.text))
			if got := names(workloads); !reflect.DeepEqual(got, c.want) {
				t.Errorf("%v, want %v", got, c.want)
			}
			if err == nil || err.Error() != c.wantError {
				t.Errorf("error:\n%v\nwant\n%s", err, c.wantError)
			}
			if mistakes, rest := manifest.Split(err); len(rest) > 0 || len(mistakes) != strings.Count(c.wantError, "\n")+1 {
				t.Errorf("split into %v and %v", mistakes, rest)
			}
		})
	}
}

// What the API server would refuse is told with its place, and the rest is read.
func TestFieldsOfTheWrongType(t *testing.T) {
	t.Parallel()
	w := one(t, `kind: ScaledObject
metadata: {name: 5}
spec:
  minReplicaCount: "1"
  maxReplicaCount: 3000000000
  pollingInterval: 30s
  cooldownPeriod: 7
  fallback: yes
  advanced: {restoreToOriginalReplicaCount: "true", horizontalPodAutoscalerConfig: {behavior: {scaleUp: {tolerance: some}}}}
  triggers:
    - type: external
      metadata: [a]
      authenticationRef: "turned \u202e, hidden \u200b, and longer than there is room for in a line"
    - text
`)
	var got []string
	for _, problem := range w.Problems {
		got = append(got, problem.Error())
	}
	want := []string{
		`a.yaml:2:18: name: want text, not 5: write "5"`,
		`a.yaml:4:20: minReplicaCount: want a whole number, not "1"`,
		`a.yaml:5:20: maxReplicaCount: want a whole number, not 3000000000`,
		`a.yaml:6:20: pollingInterval: want a whole number, not 30s`,
		`a.yaml:8:13: fallback: want a mapping, not yes`,
		`a.yaml:9:45: restoreToOriginalReplicaCount: want true or false, not "true"`,
		`a.yaml:9:117: tolerance: want a number such as 0.05 or 50m, not some`,
		`a.yaml:12:17: metadata: want a mapping, not a list`,
		`a.yaml:13:26: authenticationRef: want a mapping, not "turned �, hidden �, and longer than there is room for…"`,
		`a.yaml:14:7: triggers: want a mapping with type and metadata, not text`,
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("problems:\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if w.Name != "5" || *w.Spec.CooldownPeriod != 7 || w.Spec.MinReplicaCount != nil || len(w.Triggers) != 2 {
		t.Errorf("%+v", w)
	}
}

// A short text whose aliases stand for a long one must not take long, nor one that stands for itself end never.
func TestAliasesWithoutEnd(t *testing.T) {
	t.Parallel()
	bomb := "kind: ScaledObject\na0: &a0 {x: y}\n"
	for i := range 60 {
		n, next := string(rune('a'+i/26))+string(rune('a'+i%26)), string(rune('a'+(i+1)/26))+string(rune('a'+(i+1)%26))
		if i == 0 {
			bomb += "b: &" + n + " {x: y}\n"
		}
		bomb += "c" + next + ": &" + next + " {<<: [*" + n + ", *" + n + "]}\n"
	}
	bomb += "spec: {triggers: [{metadata: {<<: *ci}}]}\n"
	for _, text := range []string{bomb, "kind: ScaledObject\nspec: &s {<<: *s, triggers: &t [*t, {metadata: &m {<<: *m}}]}\n"} {
		w := one(t, text)
		if len(w.Problems) == 0 || !strings.Contains(w.Problems[0].Text, "stand for too much") {
			t.Errorf("problems: %v", w.Problems)
		}
	}
}

func TestOpen(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	for name, text := range map[string]string{
		"b.yaml": "kind: ScaledObject", "a/c.yml": "kind: ScaledJob", "a/d.json": `{"kind": "ScaledJob"}`, "e.txt": "kind: ScaledJob",
		".git/x.yaml": "kind: ScaledJob", ".hidden.yaml": "kind: ScaledJob",
		"chart/Chart.yaml": "name: x", "chart/templates/t.yaml": "{{ x }}: {{ y }}", "templates/u.yaml": "kind: ScaledJob", "z.yaml": "a: b: c",
	} {
		path := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	missing := filepath.Join(folder, "nobody.yaml")
	workloads, err := manifest.Open([]string{folder, filepath.Join(folder, "e.txt"), missing, "-"}, strings.NewReader("kind: ScaledObject"))
	var got []string
	for _, w := range workloads {
		got = append(got, strings.TrimPrefix(w.Place.File, folder+"/"))
	}
	if want := []string{"a/c.yml", "a/d.json", "b.yaml", "templates/u.yaml", "e.txt", "stdin"}; !reflect.DeepEqual(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	mistakes, rest := manifest.Split(err)
	if len(mistakes) != 1 || filepath.Base(mistakes[0].Place.File) != "z.yaml" || len(rest) != 1 || !strings.Contains(rest[0].Error(), "nobody.yaml") {
		t.Errorf("%v and %v", mistakes, rest)
	}
}
