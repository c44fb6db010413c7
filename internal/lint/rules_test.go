package lint_test

import (
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lagwise/lagwise/internal/lint"
	"github.com/lagwise/lagwise/internal/manifest"
	"github.com/lagwise/lagwise/scalers"
	"github.com/lagwise/lagwise/scalers/cron"
	"github.com/lagwise/lagwise/scalers/kafka"
	"github.com/lagwise/lagwise/scalers/kafka/cluster"
	"github.com/lagwise/lagwise/scalers/newrelic"
	"github.com/lagwise/lagwise/scalers/newrelic/nerdgraph"
	"github.com/lagwise/lagwise/scalers/rabbitmq"
	"github.com/lagwise/lagwise/scalers/rabbitmq/broker"
)

var update = flag.Bool("update", false, "write what was found into the files of testdata")

func linter() lint.Linter {
	nobody := func(cluster.Connection, cluster.Want) (kafka.Subscription, error) {
		return nil, errors.New("no Kafka here")
	}
	noRabbit := func(string, string, broker.Endpoint, broker.Want) (rabbitmq.Subscription, error) {
		return nil, errors.New("no RabbitMQ here")
	}
	noNewRelic := func(nerdgraph.Connection, nerdgraph.Want) newrelic.Subscription { return nil }
	log := slog.New(slog.DiscardHandler)
	return lint.Linter{
		Sources: map[string]lint.Source{
			"new-relic": {Keys: newrelic.Keys(), Build: newrelic.New(noNewRelic, scalers.AssumedConnections[nerdgraph.Connection](), log)},
			"rabbitmq":  {Keys: rabbitmq.Keys(), Build: rabbitmq.New(noRabbit, rabbitmq.AssumedConnections(), log)},
			"cron":      {Keys: cron.Keys(), Build: cron.New(log)},
			"kafka":     {Keys: kafka.Keys(), Build: kafka.New(nobody, kafka.AssumedConnections(), log)},
		},
		Partitions: map[string]int{"payments": 12},
		Today:      time.Date(2026, time.November, 22, 12, 0, 0, 0, time.UTC),
	}
}

// lintText gives findings a line each: place, severity, rule and text.
func lintText(t *testing.T, name, text string) []string {
	t.Helper()
	workloads, err := manifest.Read(name, strings.NewReader(text))
	mistakes, rest := manifest.Split(err)
	if len(rest) > 0 {
		t.Fatal(rest)
	}
	findings := append(linter().Workloads(workloads), lint.Mistakes(mistakes)...)
	lint.Sort(findings)
	var lines []string
	for _, f := range findings {
		lines = append(lines, fmt.Sprintf("%d:%d %s %s: %s", f.Place.Line, f.Place.Column, f.Rule.Severity, f.Rule.ID, f.Text))
	}
	return lines
}

const found = "# found: "

// golden compares the findings of a file with those that its last lines tell, and gives the rules that found something.
func golden(t *testing.T, path string) (rules []string) {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	text, _, _ := strings.Cut(string(content), found)
	var want strings.Builder
	for _, line := range lintText(t, path, text) {
		want.WriteString(found + line + "\n")
		rules = append(rules, strings.TrimSuffix(strings.Fields(line)[2], ":"))
	}
	if *update {
		if err := os.WriteFile(path, []byte(text+want.String()), 0o600); err != nil {
			t.Fatal(err)
		}
		return rules
	}
	if string(content) != text+want.String() {
		t.Errorf("%s: found\n%s\nwant\n%s", path, want.String(), strings.TrimPrefix(string(content), text))
	}
	return rules
}

// Each rule has a file of its name, in which it finds something.
func TestRules(t *testing.T) {
	t.Parallel()
	var ids []string
	for _, rule := range lint.Rules() {
		ids = append(ids, rule.ID)
		t.Run(rule.ID, func(t *testing.T) {
			t.Parallel()
			if rules := golden(t, filepath.Join("testdata", "rules", rule.ID+".yaml")); !slices.Contains(rules, rule.ID) {
				t.Errorf("%s finds nothing, but %v", rule.ID, rules)
			}
			for _, sentence := range []string{rule.Finds, rule.Happens, rule.Do} {
				if !strings.HasSuffix(sentence, ".") && !strings.HasSuffix(sentence, `."`) {
					t.Errorf("%q is no sentence", sentence)
				}
			}
		})
	}
	slices.Sort(ids)
	if len(slices.Compact(slices.Clone(ids))) != len(ids) {
		t.Errorf("two rules have one id: %v", ids)
	}
	files, err := filepath.Glob("testdata/rules/*.yaml")
	if err != nil || len(files) != len(ids) {
		t.Errorf("%d files for %d rules: %v", len(files), len(ids), err)
	}
}

// What users have written up gets the findings that it deserves.
func TestWriteUps(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/seeds/*.yaml")
	if err != nil || len(files) < 5 {
		t.Fatalf("%d files: %v", len(files), err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			golden(t, file)
		})
	}
}
