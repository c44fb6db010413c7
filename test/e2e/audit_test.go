package e2e_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/lagwise/lagwise/internal/audit"
	"github.com/lagwise/lagwise/test/e2e/stage"
)

// builtIn is a ScaledObject of KEDA's own triggers on a Deployment of its name.
func builtIn(name, triggers string) string {
	return fmt.Sprintf(`apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata: {name: %[1]s}
spec:
  scaleTargetRef: {name: %[1]s}
  pollingInterval: 5
  minReplicaCount: 1
  maxReplicaCount: 20
  triggers:
%[2]s`, name, triggers)
}

// onKafka is one trigger of them.
func onKafka(kind, topic, more string) string {
	return fmt.Sprintf("    - type: %s\n      metadata: {bootstrapServers: x, consumerGroup: %s, topic: \"%s\", lagThreshold: \"10\"%s}\n", kind, "g-"+strings.Split(topic, ",")[0], topic, more)
}

// Audit says what KEDA says, trigger by trigger, wherever KEDA says something; it finds a misspelt key and an unreachable broker, and
// says nothing about what it cannot know.
func TestAuditSaysWhatKEDASays(t *testing.T) {
	t.Parallel()
	s := shared.Scenario(t)
	prepare := func(name string, partitions, records int) {
		topic := s.Topic(name, partitions)
		for partition := range int32(partitions) {
			s.Commit(s.Group("g-"+name), topic, partition, 0)
		}
		s.Produce(topic, 0, records)
	}
	prepare("orders", 3, 25)
	prepare("receipts", 4, 35)
	prepare("mails", 2, 12)
	prepare("lasting", 2, 7)
	prepare("nightly", 2, 0)
	for partition := range int32(4) {
		s.Commit(s.Group("g-mails"), s.TopicName("receipts"), partition, 0)
	}
	for _, name := range []string{"orders", "receipts", "mails", "lasting", "nightly", "typo", "gone"} {
		s.Deploy(name, stage.Pause())
	}
	apply := func(name, triggers string, edits ...stage.Edit) { s.ApplyText(builtIn(name, triggers), edits...) }
	apply("orders", onKafka("kafka", "orders", "")+
		"    - type: cron\n      metadata: {timezone: Etc/UTC, start: 0 0 1 1 *, end: 59 23 31 12 *, desiredReplicas: \"2\"}\n")
	apply("receipts", onKafka("kafka", "receipts", `, limitToPartitionsWithLag: "true"`))
	apply("mails", onKafka("apache-kafka", "mails,receipts", ""))
	apply("lasting", onKafka("kafka", "lasting", `, excludePersistentLag: "true"`))
	apply("typo", onKafka("kafka", "orders", `, lagThresold: "5"`))
	apply("gone", onKafka("kafka", "orders", ""), stage.Set("127.0.0.1:1", "spec", "triggers", 0, "metadata", "bootstrapServers"))
	s.Apply("kafka-jobs.yaml", stage.BuiltIn(), stage.On(s.TopicName("nightly"), s.Group("g-nightly")))
	for _, name := range []string{"orders", "receipts", "mails", "lasting", "typo"} {
		s.AwaitCondition(name, "Ready", "True")
		s.Eventually(stage.Patience, func() error { return hasMetrics(s, name) })
	}

	running := s.Audit("--output", "json")
	stdout, stderr, code := s.Wait(running, stage.Patience)
	report := reportOf(t, stdout)
	t.Log(stderr)
	if code != 1 {
		t.Errorf("want exit code 1 for a misspelt key, got %d: %s", code, stderr)
	}
	for name, want := range map[string]float64{"orders": 25, "orders/1": 2, "receipts": 10, "mails": 12 + 35, "typo": 25} {
		row := rowOf(t, report, name)
		if row.KEDA.Value == nil || *row.KEDA.Value != want {
			t.Errorf("%s: want KEDA to say %v, it says %s (%s)", name, want, row.KEDA.Words(), row.KEDA.Why)
		}
		if name != "typo" && (row.Lagwise.Value == nil || *row.Lagwise.Value != want || row.Latest.Verdict != audit.Same) {
			t.Errorf("%s: want the same of lagwise, it says %s (%s): %s", name, row.Lagwise.Words(), row.Lagwise.Why, row.Agree())
		}
	}
	if row := rowOf(t, report, "typo"); row.Lagwise.Cause != "refused" || row.Move != audit.Cannot || !finds(row, "misspelt-key") {
		t.Errorf("want the misspelt key found, got %+v", row)
	}
	if row := rowOf(t, report, "gone"); row.Lagwise.Value != nil || row.Lagwise.Cause != "unreachable" || row.Latest.Verdict != audit.Unknown {
		t.Errorf("want unreachable brokers told, got %+v", row)
	}
	if row := rowOf(t, report, "thumbnails"); row.KEDA.Value != nil || row.Lagwise.Value == nil || *row.Lagwise.Value != 0 {
		t.Errorf("want a ScaledJob's number from lagwise alone, got %+v", row)
	}
	page := filepath.Join(t.TempDir(), "audit.html")
	table, _, _ := s.Wait(s.Audit("--html", page), stage.Patience)
	t.Log("\n" + table)
	if written, err := os.ReadFile(page); err != nil || !strings.Contains(string(written), s.Namespace+"/receipts") || !strings.Contains(table, s.Namespace+"/receipts") {
		t.Errorf("want a table and a page, got %v and\n%s", err, table)
	}
	if row := rowOf(t, report, "lasting"); row.EverDiffered() || row.Move != audit.Look {
		t.Errorf("want nothing said of a rule that looks back, got %+v", row)
	}
}

// A watch notices where the two begin to differ, by how much and until when, and says nothing where they do not. A key of lagwise's
// on a built-in trigger, which KEDA ignores, makes them differ once the lag is above the cap.
func TestAuditWatches(t *testing.T) {
	t.Parallel()
	s := shared.Scenario(t)
	steady, capped := s.Topic("orders", 3), s.Topic("receipts", 3)
	for partition := range int32(3) {
		s.Commit(s.Group("g-orders"), steady, partition, 0)
		s.Commit(s.Group("g-receipts"), capped, partition, 0)
	}
	s.Produce(steady, 0, 25)
	s.Produce(capped, 0, 25)
	for name, more := range map[string]string{"orders": "", "receipts": `, capRounding: ceil`} {
		s.Deploy(name, stage.Pause())
		s.ApplyText(builtIn(name, onKafka("kafka", name, more)))
	}
	for _, name := range []string{"orders", "receipts"} {
		s.Eventually(stage.Patience, func() error { return hasMetrics(s, name) })
	}

	watching := s.Audit("--watch", "24h", "--interval", "1s", "--output", "json")
	s.Hold(20*time.Second, func() error { return nil }) // rounds in which the two agree
	produced := time.Now()
	s.Produce(capped, 0, 10)
	s.Tells(watching, "receipts, trigger 0: KEDA 35 active, lagwise 30 active")
	consumed := time.Now()
	s.Commit(s.Group("g-receipts"), capped, 0, 10)
	s.Hold(40*time.Second, func() error { return nil })
	s.Fatal(watching.Interrupt())
	stdout, stderr, code := s.Wait(watching, stage.Patience)
	report := reportOf(t, stdout)

	if !report.EndedEarly || report.Rounds < 4 || code != 1 {
		t.Errorf("want a report of what was seen, with exit code 1, got %d rounds and code %d: %s", report.Rounds, code, stderr)
	}
	if row := rowOf(t, report, "orders"); row.EverDiffered() || row.Same < 3 {
		t.Errorf("want no difference where there is none, got %+v", row)
	}
	row := rowOf(t, report, "receipts")
	if len(row.Differences) != 1 || row.Latest.Verdict != audit.Same || row.Same < 2 {
		t.Fatalf("want one difference that has ended, got %+v", row)
	}
	found := row.Differences[0]
	const most = stage.Patience // of three questions and a refresh each
	if found.By != 5 || *found.KEDA.Value != 35 || *found.Lagwise.Value != 30 || found.From.Before(produced) || found.From.After(produced.Add(most)) || found.Until.After(consumed.Add(most)) {
		t.Errorf("want 35 and 30 from %v to %v, got %+v", produced, consumed, found)
	}
	s.Figure("lag above the cap -> difference told", found.From.Sub(produced))
}

func hasMetrics(s *stage.Scenario, name string) error {
	hpa, err := s.HPA(name)
	if err != nil {
		return err
	}
	if len(hpa.Status.CurrentMetrics) == 0 || hpa.Status.CurrentMetrics[0].External == nil {
		return errors.New("the HPA of " + name + " has heard nothing yet")
	}
	return nil
}

func reportOf(t *testing.T, text string) audit.Report {
	t.Helper()
	var report audit.Report
	if err := json.Unmarshal([]byte(text), &report); err != nil {
		t.Fatalf("no report: %v in %s", err, text)
	}
	return report
}

// rowOf finds a workload's first trigger, or "name/1".
func rowOf(t *testing.T, report audit.Report, name string) audit.Row {
	t.Helper()
	for _, row := range report.Triggers {
		if row.Workload == name && row.Index == 0 || fmt.Sprintf("%s/%d", row.Workload, row.Index) == name {
			return row
		}
	}
	t.Fatalf("%s is not in the report", name)
	return audit.Row{}
}

func finds(row audit.Row, rule string) bool {
	for _, finding := range row.Findings {
		if finding.Rule == rule {
			return true
		}
	}
	return false
}
