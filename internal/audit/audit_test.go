package audit_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/lagwise/lagwise/internal/audit"
	"github.com/lagwise/lagwise/internal/lint"
	"github.com/lagwise/lagwise/internal/manifest"
	"github.com/lagwise/lagwise/scalers"
	"github.com/lagwise/lagwise/scalers/cron"
	"github.com/lagwise/lagwise/scalers/kafka"
	"github.com/lagwise/lagwise/scalers/rabbitmq"
)

var update = flag.Bool("update", false, "write the golden files")

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// known is the scalers of lagwise, and one connection of its configuration.
func known() audit.Known {
	return audit.Known{
		Keys:        map[string]scalers.KeyTable{"cron": cron.Keys(), "kafka": kafka.Keys(), "rabbitmq": rabbitmq.Keys()},
		Connections: []audit.Connection{{Name: "prod", Servers: []string{"kafka-0:9092", "kafka-1:9092"}}},
		Chosen:      map[string]string{"shop/by-name": "test"},
	}
}

// subjects are those of the cluster in a file, which is what kubectl prints.
func subjects(t *testing.T, file string) []audit.Subject {
	t.Helper()
	list, err := os.ReadFile(filepath.Join("testdata", file))
	if err != nil {
		t.Fatal(err)
	}
	return subjectsOf(t, list)
}

func subjectsOf(t *testing.T, list []byte) []audit.Subject {
	t.Helper()
	workloads, err := manifest.Read("the cluster", bytes.NewReader(list))
	if err != nil {
		t.Fatal(err)
	}
	states, err := audit.States(list)
	if err != nil {
		t.Fatal(err)
	}
	return audit.Subjects(workloads, states, known())
}

func value(v float64, active bool) audit.Answer {
	return audit.Answer{Value: &v, Active: &active, At: noon}
}

// watchedOnce is one round in which the sides said this.
func watchedOnce(keda, lagwise audit.Answer) audit.Watched {
	s := audit.Sample{Before: lagwise, KEDA: keda, After: lagwise}
	w, _ := audit.Watched{}.Add(noon, s, audit.Compare(s, 0.05), time.Minute)
	return w
}

// shop is a report on the cluster in testdata/shop.json, with what both sides said there.
func shop(t *testing.T) audit.Report {
	t.Helper()
	all := subjects(t, "shop.json")
	said := map[string][2]audit.Answer{
		"orders/0":     {value(25, true), value(25, true)},
		"orders/1":     {value(2, true), value(2, true)},
		"invoices/0":   {value(40, true), value(30, true)},
		"secured/0":    {value(3, true), value(3, true)},
		"unsecured/0":  {value(3, true), {Why: "see the plan"}},
		"kerberos/0":   {value(1, true), {Why: "see the plan"}},
		"typo/0":       {value(9, true), {Why: `lagThresold is not a key: did you mean lagThreshold?`, Cause: "refused"}},
		"gone/0":       {{Why: "KEDA has not taken the trigger up: no brokers"}, {Why: "kafka-9:9092 is unreachable", Cause: "unreachable"}},
		"import/0":     {{Why: "KEDA tells nobody the number that it starts jobs by"}, value(12, true)},
		"moved/0":      {value(7, true), value(7, true)},
		"environ/0":    {value(5, true), {}},
		"persistent/0": {value(5, true), value(5, true)},
	}
	watched := map[audit.Key]audit.Watched{}
	for _, s := range all {
		name := fmt.Sprintf("%s/%d", s.Workload, s.Index)
		both, there := said[name]
		if !there {
			t.Fatalf("nobody said anything of %s", name)
		}
		if s.Plan.Missing != "" {
			both[1] = audit.Answer{Why: s.Plan.Missing}
		}
		watched[s.Key] = watchedOnce(both[0], both[1])
		delete(said, name)
	}
	if len(said) > 0 {
		t.Fatalf("not found: %v", said)
	}
	linting := map[audit.Owner][]lint.Finding{{Kind: "ScaledObject", Namespace: "shop", Name: "typo"}: {{
		Rule: lint.Rule{ID: "misspelt-key", Severity: lint.Error, Happens: "KEDA ignores it.", Do: "Write it right."}, Trigger: new(int), Text: "lagThresold looks like lagThreshold",
	}}}
	return audit.ReportOn(audit.Found{
		Version: "v1", From: noon, Until: noon.Add(time.Minute), Rounds: 1, Tolerance: 0.05, Refresh: 5 * time.Second,
		Subjects: all, Watched: watched, Findings: linting, Problems: []string{"something"},
	})
}

// What a report looks like, in all three ways.
func TestReports(t *testing.T) {
	t.Parallel()
	report := shop(t)
	for file, write := range map[string]func(*bytes.Buffer) error{
		"shop.txt":  func(b *bytes.Buffer) error { return report.Text(b, false) },
		"shop.ansi": func(b *bytes.Buffer) error { return report.Text(b, true) },
		"out.json":  func(b *bytes.Buffer) error { return asJSON(b, report) },
		"shop.html": func(b *bytes.Buffer) error { return report.HTML(b) },
	} {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			var got bytes.Buffer
			if err := write(&got); err != nil {
				t.Fatal(err)
			}
			path := filepath.Join("testdata", file)
			if *update {
				if err := os.WriteFile(path, got.Bytes(), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if got.String() != string(want) {
				t.Errorf("%s is not what it was; look at it, and run with -update. Got:\n%s", path, got.String())
			}
		})
	}
}

func asJSON(to *bytes.Buffer, report audit.Report) error {
	encoder := json.NewEncoder(to)
	encoder.SetIndent("", " ")
	return encoder.Encode(report)
}

// Names are chosen by whoever may make a ScaledObject, and read by somebody else.
func TestHostileNames(t *testing.T) {
	t.Parallel()
	hostile := `"><script>alert(1)</script><img src=x onerror=alert(1)>{{.}}` + "\x1b[31m\n\u202e`'"
	item := map[string]any{
		"kind": "ScaledObject", "metadata": map[string]any{"namespace": hostile, "name": hostile},
		"spec":   map[string]any{"triggers": []any{map[string]any{"type": "kafka", "name": hostile, "metadata": map[string]any{"topic": hostile, "consumerGroup": hostile, "bootstrapServers": hostile}}}},
		"status": map[string]any{"externalMetricNames": []string{"s0-" + hostile}},
	}
	list, err := json.Marshal(map[string]any{"kind": "List", "items": []any{item}})
	if err != nil {
		t.Fatal(err)
	}
	all := subjectsOf(t, list)
	if len(all) != 1 {
		t.Fatalf("want one trigger, got %v", all)
	}
	if path := all[0].Question().Path; strings.ContainsAny(strings.TrimPrefix(path, "/apis/external.metrics.k8s.io/v1beta1/namespaces/"), "<>\"'` \n\x1b") {
		t.Errorf("the question holds what was not escaped: %q", path)
	}
	report := audit.ReportOn(audit.Found{
		Refresh: time.Second, Subjects: all, Watched: map[audit.Key]audit.Watched{all[0].Key: watchedOnce(value(1, true), audit.Answer{Why: hostile, Cause: "unreachable"})},
		Problems: []string{hostile}, Gone: map[audit.Key]string{all[0].Key: hostile},
	})
	var page, text bytes.Buffer
	if err := report.HTML(&page); err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{"<script", "<img", "\x1b", "\u202e"} {
		if strings.Contains(page.String(), bad) {
			t.Errorf("the page holds %q:\n%s", bad, page.String())
		}
	}
	if err := report.Text(&text, false); err != nil {
		t.Fatal(err)
	}
	if strings.ContainsAny(text.String(), "\x1b\u202e") {
		t.Errorf("the table would act on a terminal: %q", text.String())
	}
}

// A page that needs anything else is none that can be mailed.
func TestPageStandsAlone(t *testing.T) {
	t.Parallel()
	var page bytes.Buffer
	if err := shop(t).HTML(&page); err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{"http://", "https://", "<script", "<link", "url(", "@import", "src="} {
		if strings.Contains(page.String(), bad) {
			t.Errorf("the page has %q", bad)
		}
	}
	if !strings.Contains(page.String(), "prefers-color-scheme: dark") || !strings.Contains(page.String(), "default-src &#39;none&#39;") {
		t.Error("the page knows no dark, or trusts what it holds")
	}
}
