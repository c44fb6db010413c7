package explain_test

import (
	"context"
	"flag"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/lagwise/lagwise/internal/explain"
	"github.com/lagwise/lagwise/internal/lint"
	"github.com/lagwise/lagwise/internal/manifest"
	"github.com/lagwise/lagwise/scalers"
	"github.com/lagwise/lagwise/scalers/cron"
	"github.com/lagwise/lagwise/scalers/kafka"
	"github.com/lagwise/lagwise/scalers/kafka/cluster"
	"github.com/lagwise/lagwise/scalers/lag"
)

var update = flag.Bool("update", false, "write what is printed into testdata and docs/explain.md")

// observed is a source that was read once.
type observed struct {
	kafka.Subscription
	view lag.View
}

func (o observed) View(context.Context) (lag.View, error) { return o.view, nil }

func (observed) Close() error { return nil }

// at is when everything was observed.
func at() time.Time { return time.Date(2026, time.March, 2, 9, 30, 0, 0, time.UTC) }

// partition lags behind since an age; without one nothing waits.
func partition(id int32, start, committed, end int64, age time.Duration) lag.Partition {
	p := lag.Partition{Topic: "orders", ID: id, Start: start, HasStart: true, Committed: committed, HasCommitted: true, End: end}
	if age > 0 {
		p.Facts = &lag.Facts{Records: &lag.Records{From: committed, Through: end, Count: 1, Timestamp: at().Add(-age), HasTimestamp: true}}
	}
	return p
}

// explained reports on a manifest as the command does, on a Kafka that was observed once.
func explained(t *testing.T, file string, now int32, partitions ...lag.Partition) explain.Report {
	t.Helper()
	workloads, err := manifest.Open([]string{filepath.Join("testdata", file)}, nil)
	if err != nil || len(workloads) != 1 {
		t.Fatalf("%d workloads: %v", len(workloads), err)
	}
	w := workloads[0]
	subscribe := func(cluster.Connection, cluster.Want) (kafka.Subscription, error) {
		return observed{view: lag.View{Now: at(), Latest: lag.Observation{At: at(), Partitions: partitions}}}, nil
	}
	quiet := slog.New(slog.DiscardHandler)
	tables := map[string]scalers.KeyTable{"cron": cron.Keys(), "kafka": kafka.Keys()}
	reading := explain.Reading{Keys: tables, Answers: lint.Answers, Namespace: "default"}
	triggers := explain.Ask(t.Context(), map[string]scalers.Factory{
		"kafka": kafka.NewInspector(subscribe, kafka.NewConnections(nil, "*"), quiet), "cron": cron.New(quiet),
	}, reading.Questions(w), 0)
	report := explain.Report{Kind: w.Kind, Namespace: reading.NamespaceOf(w), Name: w.Name, Triggers: triggers}
	if w.Kind == manifest.ScaledJob {
		report.Jobs = explain.JobsOf(w, triggers, int64(now), 0)
	} else {
		report.Replicas = explain.ReplicasOf(w, triggers, now)
	}
	return report
}

func written(t *testing.T, report explain.Report, style explain.Style) string {
	t.Helper()
	var text strings.Builder
	if err := report.Write(&text, style); err != nil {
		t.Fatal(err)
	}
	return text.String()
}

// golden compares with a file of testdata.
func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil || got != string(want) {
		t.Errorf("%v\n%s\nwant\n%s", err, got, want)
	}
}

func orders(t *testing.T) explain.Report {
	t.Helper()
	return explained(t, "orders.yaml", 0,
		partition(0, 1200, 4380, 4412, 94*time.Second), partition(1, 1180, 4466, 4466, 0), partition(2, 3900, 3100, 3921, 26*time.Hour))
}

func TestTheExampleOfTheDocumentation(t *testing.T) {
	t.Parallel()
	const begin, end = "<!-- example:begin -->\n", "<!-- example:end -->"
	example := "```text\n$ lagwise explain orders.yaml\n" + written(t, orders(t), explain.Style{}) + "```\n"
	file := filepath.Join("..", "..", "docs", "explain.md")
	page, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, found := strings.Cut(string(page), begin)
	shown, after, ends := strings.Cut(rest, end)
	if !found || !ends {
		t.Fatalf("%s lost its marks", file)
	}
	if *update {
		if err := os.WriteFile(file, []byte(before+begin+example+end+after), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if shown != example {
		t.Errorf("%s shows\n%s\nand the program prints\n%s", file, shown, example)
	}
}

func TestTextOfSeveralTriggers(t *testing.T) {
	t.Parallel()
	report := explained(t, "several.yaml", 2, partition(0, 0, 10, 10, 0))
	report.Triggers[0].Answer.ObservedAt = at() // a window's is now
	for i := range report.Triggers[0].Answer.Parts {
		report.Triggers[0].Answer.Parts[i].Figures = report.Triggers[0].Answer.Parts[i].Figures[:2]
		report.Triggers[0].Answer.Parts[i].Note = ""
	}
	report.Triggers[0].Answer.Rules = report.Triggers[0].Answer.Rules[:1]
	golden(t, "several.txt", written(t, report, explain.Style{}))
}

func TestTextOfAScaledJob(t *testing.T) {
	t.Parallel()
	golden(t, "job.txt", written(t, explained(t, "job.yaml", 1, partition(0, 0, 10, 14, time.Second)), explain.Style{}))
}

func TestLongListsAreShortened(t *testing.T) {
	t.Parallel()
	var partitions []lag.Partition
	for id := range int32(40) {
		waiting := int64(0)
		if id%2 == 0 {
			waiting = int64(id) + 1
		}
		partitions = append(partitions, partition(id, 0, 100, 100+waiting, 0))
	}
	report := explained(t, "orders.yaml", 0, partitions...)
	golden(t, "long.txt", written(t, report, explain.Style{}))
	if all := written(t, report, explain.Style{All: true}); strings.Count(all, "\n  orders/") != 40 || strings.Contains(all, "--all") {
		t.Errorf("not all is shown:\n%s", all)
	}
}

func TestColourIsForTerminalsAlone(t *testing.T) {
	t.Parallel()
	report := orders(t)
	plain, coloured := written(t, report, explain.Style{}), written(t, report, explain.Style{Colour: true})
	if strings.Contains(plain, "\x1b") || !strings.Contains(coloured, "\x1b[32mactive\x1b[0m") {
		t.Errorf("%q", coloured)
	}
	for _, code := range []string{"1", "2", "31", "32", "0"} {
		coloured = strings.ReplaceAll(coloured, "\x1b["+code+"m", "")
	}
	if coloured != plain {
		t.Errorf("colour moves columns:\n%s\nand\n%s", coloured, plain)
	}
}

// Names are the clients' to choose, and a report is read on a terminal.
func TestNothingActsOnATerminal(t *testing.T) {
	t.Parallel()
	const evil = "\x1b[2J\u009b\u202e\n"
	value := 1.0
	report := explain.Report{
		Kind: evil, Namespace: evil, Name: evil,
		Triggers: []explain.Trigger{{
			Name: evil, Type: evil, Scaler: evil, Metric: &explain.Metric{Name: evil}, Note: evil, Failure: &explain.Failure{Text: evil},
			Answer: &explain.Answer{
				Limit: &explain.Limit{Name: evil}, Rules: []explain.Rule{{Rule: evil, Key: evil, Text: evil}},
				Parts: []explain.Part{{Name: evil, Note: evil, Figures: []explain.Figure{{Name: evil, Value: &value, Unit: evil}}}},
			},
		}},
		Replicas: &explain.Replicas{Text: evil, Notes: []string{evil}, Steps: []explain.Step{{By: evil, Text: evil}}},
	}
	text := written(t, report, explain.Style{})
	if strings.ContainsAny(text, "\x1b\u009b\u202e") || strings.Contains(text, "\n\n\n") {
		t.Errorf("%q", text)
	}
}

func TestAnAnswerThatSettles(t *testing.T) {
	t.Parallel()
	report := orders(t)
	report.Triggers[0].Answer.SettlesInSeconds = 120
	if text := written(t, report, explain.Style{}); !strings.Contains(text, "some rules look back up to 2m") {
		t.Error(text)
	}
}

func TestAWarningIsWrittenAsOne(t *testing.T) {
	t.Parallel()
	left := partition(0, 0, 100, 0, 0) // of a topic that was created again
	if text := written(t, explained(t, "job.yaml", 0, left), explain.Style{}); !strings.Contains(text, "warning: orders/0 committed 100 past the log end 0") {
		t.Error(text)
	}
}
