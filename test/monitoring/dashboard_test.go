package monitoring_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
)

// asPrometheusSeesIt fills in what Grafana fills in.
func asPrometheusSeesIt(expression string) string {
	return strings.NewReplacer("$__rate_interval", "1m", "$namespace", ".*", "$name", ".*", "$connection", ".*").Replace(expression)
}

func TestDashboardShowsWhatLagwiseExports(t *testing.T) {
	content, err := os.ReadFile("../../manifests/monitoring/dashboard.json")
	if err != nil {
		t.Fatal(err)
	}
	var dashboard struct {
		Panels []struct {
			ID      int
			Title   string
			Targets []struct{ Expr string }
		}
		Templating struct {
			List []struct {
				Name string
				// Query is text for a data source, and holds a query otherwise.
				Query json.RawMessage
			}
		}
	}
	if err := json.Unmarshal(content, &dashboard); err != nil {
		t.Fatal(err)
	}
	seen := map[int]bool{}
	for _, panel := range dashboard.Panels {
		if seen[panel.ID] {
			t.Errorf("panel %d is there twice", panel.ID)
		}
		seen[panel.ID] = true
		for _, target := range panel.Targets {
			check(t, panel.Title, asPrometheusSeesIt(target.Expr))
			checkMerging(t, panel.Title, asPrometheusSeesIt(target.Expr))
		}
	}
	if len(seen) < 20 {
		t.Errorf("%d panels", len(seen))
	}
	for _, variable := range dashboard.Templating.List {
		var asked struct{ Query string }
		if json.Unmarshal(variable.Query, &asked) != nil {
			continue
		}
		inner, _, found := strings.Cut(strings.TrimPrefix(asked.Query, "label_values("), ", "+variable.Name+")")
		if !found {
			t.Errorf("variable %s: %s", variable.Name, asked.Query)
			continue
		}
		check(t, "variable "+variable.Name, asPrometheusSeesIt(inner))
	}
}
