package monitoring_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/promql/promqltest"
)

// replicas are the series of two replicas, which say the same, at one sample a minute for two hours.
func replicas(lines ...string) string {
	var load strings.Builder
	load.WriteString("load 1m\n")
	for _, line := range lines {
		metric, rest, _ := strings.Cut(line, "{")
		for _, instance := range []string{"a:8080", "b:8080"} {
			fmt.Fprintf(&load, "  %s{instance=%q,%s\n", metric, instance, rest)
		}
	}
	return load.String()
}

// expressionOf is that of an alert.
func expressionOf(t *testing.T, alert string) string {
	t.Helper()
	for _, group := range rules(t).Groups {
		for _, rule := range group.Rules {
			if rule.Alert == alert {
				return strings.Join(strings.Fields(rule.Expr), " ")
			}
		}
	}
	t.Fatalf("no alert %s", alert)
	return ""
}

// Each alert is about one of several that differ in nothing but their connection, or fires at the right time.
func TestAlertsFireForWhatTheyName(t *testing.T) {
	const day = 86400
	for name, test := range map[string]struct {
		alert string
		load  []string
		want  []string
	}{
		"a certificate for a year, 31 days before it expires": {
			"LagwiseCertificateExpiresSoon", []string{
				fmt.Sprintf(`lagwise_certificate_expiry_timestamp_seconds{connection="",setting="tls.certificateFile"} %d+0x120`, 31*day+7200),
				fmt.Sprintf(`lagwise_certificate_not_before_timestamp_seconds{connection="",setting="tls.certificateFile"} %d+0x120`, -334*day),
			}, nil,
		},
		"a certificate for a year, 29 days before it expires": {
			"LagwiseCertificateExpiresSoon", []string{
				fmt.Sprintf(`lagwise_certificate_expiry_timestamp_seconds{connection="prod",setting="tls.caFile"} %d+0x120`, 29*day+7200),
				fmt.Sprintf(`lagwise_certificate_not_before_timestamp_seconds{connection="prod",setting="tls.caFile"} %d+0x120`, -336*day),
				fmt.Sprintf(`lagwise_certificate_expiry_timestamp_seconds{connection="lab",setting="tls.caFile"} %d+0x120`, 300*day),
				`lagwise_certificate_not_before_timestamp_seconds{connection="lab",setting="tls.caFile"} 0+0x120`,
			}, []string{fmt.Sprintf(`{connection="prod",setting="tls.caFile"} %d`, 29*day)},
		},
		"a certificate for a day, seven hours before it expires": {
			"LagwiseCertificateExpiresSoon", []string{
				`lagwise_certificate_expiry_timestamp_seconds{connection="",setting="tls.certificateFile"} 32400+0x120`,
				`lagwise_certificate_not_before_timestamp_seconds{connection="",setting="tls.certificateFile"} -54000+0x120`,
			}, nil,
		},
		"a certificate that has expired": {
			"LagwiseCertificateExpiresSoon", []string{
				`lagwise_certificate_expiry_timestamp_seconds{connection="",setting="tls.certificateFile"} 3600+0x120`,
				`lagwise_certificate_not_before_timestamp_seconds{connection="",setting="tls.certificateFile"} -82800+0x120`,
			}, []string{`{setting="tls.certificateFile"} -3600`},
		},
		"the same group stalled on one of two clusters": {
			"LagwiseGroupStalled", []string{
				`lagwise_kafka_consumer_group_topic_lag{connection="prod",group_id="g",topic_name="orders"} 7+0x120`,
				`lagwise_kafka_consumer_group_topic_offset_sum{connection="prod",group_id="g",topic_name="orders"} 100+0x120`,
				`lagwise_kafka_consumer_group_topic_lag{connection="lab",group_id="g",topic_name="orders"} 9+0x120`,
				`lagwise_kafka_consumer_group_topic_offset_sum{connection="lab",group_id="g",topic_name="orders"} 100+1x120`,
			}, []string{`{connection="prod",group_id="g",topic_name="orders"} 7`},
		},
		"the same topic unanswered on one of two clusters": {
			"LagwiseTriggerUnanswered", []string{
				`lagwise_trigger_known{namespace="shop",name="w",scaler="kafka",connection="prod",metric="kafka-orders",trigger="1"} 0+0x120`,
				`lagwise_trigger_known{namespace="shop",name="w",scaler="kafka",connection="lab",metric="kafka-orders",trigger="2"} 1+0x120`,
			}, []string{`{namespace="shop",name="w",connection="prod",metric="kafka-orders"} 0`},
		},
		"the same topic stalled on one of two clusters": {
			"LagwiseConsumersStalled", []string{
				`lagwise_trigger_stalled{namespace="shop",name="w",scaler="kafka",connection="prod",metric="kafka-orders",trigger="1"} 2+0x120`,
				`lagwise_trigger_stalled{namespace="shop",name="w",scaler="kafka",connection="lab",metric="kafka-orders",trigger="2"} 3+0x120`,
			}, []string{
				`{namespace="shop",name="w",connection="prod",metric="kafka-orders"} 2`,
				`{namespace="shop",name="w",connection="lab",metric="kafka-orders"} 3`,
			},
		},
		"a connection of the same name to another source": {
			"LagwiseClusterUnreachable", []string{
				`lagwise_session_up{source="kafka",connection="prod"} 0+0x120`, `lagwise_session_up{source="rabbitmq",connection="prod"} 1+0x120`,
			}, []string{`{source="kafka",connection="prod"} 0`},
		},
	} {
		t.Run(name, func(t *testing.T) {
			evaluation := fmt.Sprintf("\neval instant at 2h %s\n", expressionOf(t, test.alert))
			for _, series := range test.want {
				evaluation += "  " + series + "\n"
			}
			promqltest.RunTest(t, replicas(test.load...)+evaluation, promqltest.NewTestEngine(t, false, 0, promqltest.DefaultMaxSamplesPerQuery))
		})
	}
}

// What replicas say alike is merged, and what is said of two clusters is not.
func checkMerging(t *testing.T, where, expression string) {
	t.Helper()
	parsed, err := parser.NewParser(parser.Options{}).ParseExpr(expression)
	if err != nil {
		t.Errorf("%s: %v: %s", where, err, expression)
		return
	}
	names := exported()
	parser.Inspect(parsed, func(node parser.Node, _ []parser.Node) error {
		aggregate, is := node.(*parser.AggregateExpr)
		if !is || aggregate.Without || aggregate.Op == parser.COUNT {
			return nil
		}
		kept := map[string]bool{}
		for _, label := range aggregate.Grouping {
			kept[label] = true
		}
		parser.Inspect(aggregate.Expr, func(node parser.Node, _ []parser.Node) error {
			selector, is := node.(*parser.VectorSelector)
			if !is {
				return nil
			}
			for _, label := range names[selector.Name] {
				merges := label == "connection" || label == "source"
				if merges && !kept[label] && (aggregate.Op == parser.MAX || aggregate.Op == parser.MIN || kept["topic_name"] || kept["connection"]) {
					t.Errorf("%s merges several values of %s: %s", where, label, expression)
				}
			}
			return nil
		})
		return nil
	})
}
