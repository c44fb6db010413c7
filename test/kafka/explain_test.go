//go:build kafka

package kafka_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"

	"github.com/lagwise/lagwise/internal/explain"
	"github.com/lagwise/lagwise/test/realkafka"
)

// explained runs a program that was built on a manifest that is piped to it.
func explained(t *testing.T, program, manifest string, args ...string) (report explain.Report, exitCode int) {
	t.Helper()
	command := exec.CommandContext(t.Context(), program, append([]string{"explain", "-", "-o", "json"}, args...)...)
	command.Stdin = strings.NewReader(manifest)
	var out, errs bytes.Buffer
	command.Stdout, command.Stderr = &out, &errs
	if err := command.Run(); err != nil {
		ended, is := errors.AsType[*exec.ExitError](err)
		if !is {
			t.Fatal(err)
		}
		exitCode = ended.ExitCode()
	}
	if err := json.Unmarshal(out.Bytes(), &report); err != nil {
		t.Fatalf("exit code %d, %v: %s\n%s", exitCode, err, &out, &errs)
	}
	return report, exitCode
}

// scaledObject has one trigger of this type.
func scaledObject(kind string, metadata map[string]string) string {
	var text strings.Builder
	fmt.Fprintf(&text, "apiVersion: keda.sh/v1alpha1\nkind: ScaledObject\nmetadata: {name: worker, namespace: shop}\nspec:\n  triggers:\n    - type: %s\n      metadata:\n", kind)
	for key, value := range metadata {
		fmt.Fprintf(&text, "        %s: %q\n", key, value)
	}
	return text.String()
}

// shows compares a partition's figures; those that want leaves out must not be known. Of the age it says the least.
func shows(t *testing.T, part explain.Part, want map[string]float64) {
	t.Helper()
	for _, figure := range part.Figures {
		wanted, known := want[figure.Name]
		switch {
		case known != (figure.Value != nil):
			t.Errorf("%s: %s is known: %v", part.Name, figure.Name, figure.Value != nil)
		case known && figure.Unit == "seconds" && (*figure.Value < wanted || *figure.Value > wanted+600):
			t.Errorf("%s: %s is %v, want %v and little more", part.Name, figure.Name, *figure.Value, wanted)
		case known && figure.Unit != "seconds" && *figure.Value != wanted:
			t.Errorf("%s: %s is %v, want %v", part.Name, figure.Name, *figure.Value, wanted)
		}
	}
}

// What is printed is what was produced, committed and deleted, whether or not a rule needs it; and the command, which joins no
// group, leaves commits as they are.
func TestExplainShowsWhatKafkaHolds(t *testing.T) {
	t.Parallel()
	lagwise, operator := program(t), operatorOf(t, shared)
	topic, group := operator.topic(t, 4), fresh(t)
	operator.stamp(t, topic, 0, 3*time.Hour, 2*time.Hour, time.Hour, time.Minute)
	operator.commit(t, group, topic, 0, 1)
	operator.stamp(t, topic, 1, 3*time.Hour, 2*time.Hour, time.Hour)
	operator.dropBefore(t, topic, 1, 2)
	operator.commit(t, group, topic, 1, 0)
	operator.stamp(t, topic, 2, time.Hour)
	operator.commit(t, group, topic, 2, 1) // partition 3 is empty, and has no commit
	metadata := on(at(shared.Address()), group, topic, "lagThreshold", "1")

	for _, kind := range []string{"kafka", "external-push"} {
		report, code := explained(t, lagwise, scaledObject(kind, metadata))
		answer := report.Triggers[0].Answer
		if code != 0 || answer == nil {
			t.Fatalf("%s: exit code %d: %+v", kind, code, report.Triggers[0].Failure)
		}
		shows(t, answer.Parts[0], map[string]float64{"log start offset": 0, "committed offset": 1, "log end offset": 4, "lag": 3, "oldest waits": 7200})
		shows(t, answer.Parts[1], map[string]float64{"log start offset": 2, "committed offset": 0, "log end offset": 3, "lag": 3, "oldest waits": 3600})
		shows(t, answer.Parts[2], map[string]float64{"log start offset": 0, "committed offset": 1, "log end offset": 1, "lag": 0})
		shows(t, answer.Parts[3], map[string]float64{"log start offset": 0, "log end offset": 0, "lag": 1})
		if answer.Value != 4 || !answer.Active || answer.Limit == nil || answer.Limit.Value != 7 || *report.Replicas.ComesTo != 4 ||
			report.Replicas.BoundBy != "partition limit" {
			t.Errorf("%s: %+v, %+v", kind, answer, report.Replicas)
		}
	}
	if report, _ := explained(t, lagwise, scaledObject("kafka", metadata)); report.Triggers[0].Answer.Parts[0].Figures[1].Value == nil || *report.Triggers[0].Answer.Parts[0].Figures[1].Value != 1 {
		t.Error("asking has moved a commit")
	}
}

// Without READ the offsets are shown, and the age is said not to be known; a wrong topic and a broker that is gone are told
// apart by the exit code.
func TestExplainWithoutRights(t *testing.T) {
	t.Parallel()
	lagwise, p := program(t), withoutRights(t)
	folder := t.TempDir()
	password, settings := filepath.Join(folder, "password"), filepath.Join(folder, "lagwise.yaml")
	must(t, os.WriteFile(password, []byte(realkafka.Password(realkafka.Reader)), 0o600))
	must(t, os.WriteFile(settings, fmt.Appendf(nil, "connections:\n  - name: payments\n    bootstrapServers: [%q]\n    sasl: {mechanism: SCRAM-SHA-256, username: %s, passwordFile: %q}\n",
		shared.SASLPlaintextAddress(), realkafka.Reader, password), 0o600))
	manifest := scaledObject("kafka", on(at(shared.SASLPlaintextAddress()), p.group, p.topic))
	ask := func(manifest string) (explain.Report, int) {
		t.Helper()
		return explained(t, lagwise, manifest, "--config", settings, "--connection", "payments", "--timeout", "30s")
	}
	if report, code := ask(manifest); code != 2 || report.Triggers[0].Failure.Cause != "denied" {
		t.Errorf("exit code %d: %+v", code, report)
	}
	p.describeTopic(t, p.topic)
	p.describeGroup(t)
	var report explain.Report
	eventually(t, patience, func() error { // rights take a moment to be known
		var code int
		if report, code = ask(manifest); code != 0 {
			return fmt.Errorf("exit code %d: %v", code, report.Triggers[0].Failure)
		}
		return nil
	})
	part := report.Triggers[0].Answer.Parts[0]
	shows(t, part, map[string]float64{"log start offset": 0, "committed offset": 2, "log end offset": 5, "lag": 3})
	if !strings.Contains(part.Note, "age not known") || !strings.Contains(part.Note, "READ") {
		t.Errorf("note %q", part.Note)
	}
	p.operator.allow(t, reader, kafka.ACLOperationRead, kafka.ResourceTopic, p.topic)
	eventually(t, patience, func() error {
		if report, _ = ask(manifest); report.Triggers[0].Answer == nil || report.Triggers[0].Answer.Parts[0].Figures[4].Value == nil {
			return fmt.Errorf("no age: %+v", report.Triggers[0])
		}
		return nil
	})
}
