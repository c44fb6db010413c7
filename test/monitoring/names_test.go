package monitoring_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/prometheus/promql/parser"

	"github.com/lagwise/lagwise/internal/telemetry"
)

// exported are the names under which samples arrive, and the labels that they have.
func exported() map[string][]string {
	names := map[string][]string{}
	for _, row := range telemetry.Rows("") {
		switch row.Kind {
		case telemetry.Histogram:
			names[row.Name+"_bucket"] = append(slices.Clone(row.Labels), "le")
			names[row.Name+"_sum"], names[row.Name+"_count"] = row.Labels, row.Labels
		case telemetry.Summary:
			names[row.Name+"_sum"], names[row.Name+"_count"] = row.Labels, row.Labels
		case telemetry.Gauge, telemetry.Counter:
			names[row.Name] = row.Labels
		}
	}
	return names
}

// ofEveryProcess are those of the Go client that the dashboard uses.
func ofEveryProcess(name string) bool {
	return slices.Contains([]string{"process_resident_memory_bytes", "process_cpu_seconds_total"}, name)
}

// check parses an expression, and finds every metric and label in it that lagwise does not export.
func check(t *testing.T, where, expression string) {
	t.Helper()
	parsed, err := parser.NewParser(parser.Options{}).ParseExpr(expression)
	if err != nil {
		t.Errorf("%s: %v: %s", where, err, expression)
		return
	}
	names := exported()
	labels := []string{"instance"} // Prometheus' own
	parser.Inspect(parsed, func(node parser.Node, _ []parser.Node) error {
		selector, is := node.(*parser.VectorSelector)
		if !is || ofEveryProcess(selector.Name) {
			return nil
		}
		known, found := names[selector.Name]
		if !found {
			t.Errorf("%s: lagwise exports no %s", where, selector.Name)
		}
		labels = append(labels, known...)
		for _, matcher := range selector.LabelMatchers {
			if matcher.Name != "__name__" && !slices.Contains(known, matcher.Name) {
				t.Errorf("%s: %s has no label %s", where, selector.Name, matcher.Name)
			}
		}
		return nil
	})
	parser.Inspect(parsed, func(node parser.Node, _ []parser.Node) error {
		if aggregate, is := node.(*parser.AggregateExpr); is {
			for _, label := range aggregate.Grouping {
				if !slices.Contains(labels, label) {
					t.Errorf("%s: nothing in %s has a label %s", where, strings.Join(strings.Fields(expression), " "), label)
				}
			}
		}
		return nil
	})
}
