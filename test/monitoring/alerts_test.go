package monitoring_test

import (
	"log/slog"
	"os"
	"testing"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql/parser"
	"go.yaml.in/yaml/v3"
)

// rules reads the PrometheusRule, and its groups as a file of rules.
func rules(t *testing.T) *rulefmt.RuleGroups {
	t.Helper()
	content, err := os.ReadFile("../../manifests/monitoring/alerts.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var resource struct {
		APIVersion string    `yaml:"apiVersion"`
		Kind       string    `yaml:"kind"`
		Spec       yaml.Node `yaml:"spec"`
	}
	if err := yaml.Unmarshal(content, &resource); err != nil {
		t.Fatal(err)
	}
	if resource.APIVersion != "monitoring.coreos.com/v1" || resource.Kind != "PrometheusRule" {
		t.Errorf("it is a %s %s", resource.APIVersion, resource.Kind)
	}
	file, err := yaml.Marshal(&resource.Spec)
	if err != nil {
		t.Fatal(err)
	}
	groups, problems := rulefmt.Parse(file, false, model.UTF8Validation, parser.NewParser(parser.Options{}), slog.New(slog.DiscardHandler))
	for _, problem := range problems { // what promtool check rules tells
		t.Error(problem)
	}
	if groups == nil {
		t.Fatal("no rules")
	}
	return groups
}

func TestAlertsWatchWhatLagwiseExports(t *testing.T) {
	count := 0
	for _, group := range rules(t).Groups {
		for _, rule := range group.Rules {
			count++
			check(t, rule.Alert, rule.Expr)
			checkMerging(t, rule.Alert, rule.Expr)
			for _, annotation := range []string{"summary", "description"} {
				if rule.Annotations[annotation] == "" {
					t.Errorf("%s has no %s", rule.Alert, annotation)
				}
			}
			if rule.Labels["severity"] == "" {
				t.Errorf("%s has no severity", rule.Alert)
			}
		}
	}
	if count < 8 {
		t.Errorf("%d alerts", count)
	}
}
