package main

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lagwise/lagwise/internal/hpa"
	"github.com/lagwise/lagwise/internal/simulate"
	"github.com/lagwise/lagwise/scalers"
)

// Whatever a trigger can name with its scaler key can be played.
func TestEveryScalerCanBeSimulated(t *testing.T) {
	t.Parallel()
	want := slices.Sorted(maps.Keys(assumedSources().factories(nil)))
	if got := slices.Sorted(maps.Keys(simulated(false))); !slices.Equal(got, want) {
		t.Errorf("simulated are %v, want %v", got, want)
	}
}

// answered is a scaler whose latest answer is kept.
type answered struct {
	scalers.Scaler

	latest *scalers.Evaluation
}

func (a answered) Evaluate(ctx context.Context) (scalers.Evaluation, error) {
	evaluation, err := a.Scaler.Evaluate(ctx)
	*a.latest = evaluation
	return evaluation, err
}

// answerOf plays a trigger for a minute, and tells how it was answered in the end. Ten records a second come, and two replicas, which
// nothing scales, get four done each.
func answerOf(t *testing.T, source simulate.Source, metadata map[string]string, change func(*simulate.Setup)) scalers.Evaluation {
	t.Helper()
	var latest scalers.Evaluation
	kept := func(world *simulate.World) scalers.Factory {
		build := source(world)
		return func(trigger scalers.Trigger) scalers.Scaler { return answered{build(trigger), &latest} }
	}
	object := hpa.ScaledObject{MinReplicas: 2, MaxReplicas: 2}
	setup := simulate.Setup{
		Object: object, Autoscaler: object.Autoscaler(), Initial: 2, From: time.Unix(0, 0), During: time.Minute,
		Triggers: []simulate.Trigger{{Source: kept, Trigger: scalers.Trigger{Metadata: metadata}}},
		Arrivals: simulate.Arrivals{Rates: []simulate.Step{{Value: 10}}},
		Replicas: simulate.Replicas{PerSecond: 4, Commit: simulate.CommitAfter},
		Number:   simulate.Number{Factor: 1, Every: 15 * time.Second},
		Polling:  time.Second, Sync: time.Second, Refresh: time.Second,
	}
	if change != nil {
		change(&setup)
	}
	if _, err := simulate.Run(t.Context(), setup); err != nil {
		t.Fatal(err)
	}
	return latest
}

// After a minute 600 messages have come. One consumer had its first after 0.1 s and the other after 0.2 s, so each has done 239, and 122
// are left, two of them unacknowledged. The latest statistics are of 57.5 s: of 575 messages 2 times 229 were done.
func TestRabbitMQIsAnsweredByHand(t *testing.T) {
	t.Parallel()
	nobody := func(s *simulate.Setup) { s.Replicas.Start, s.Initial = time.Hour, 0 }
	done := func(s *simulate.Setup) { s.Replicas.PerSecond = 100 }
	for name, c := range map[string]struct {
		metadata string
		change   func(*simulate.Setup)
		value    float64
		within   float64
		active   bool
	}{
		"messages by AMQP":        {"protocol=amqp mode=QueueLength", nil, 120, 0, true},
		"messages by HTTP":        {"protocol=http mode=QueueLength", nil, 117, 0, true},
		"in the old form":         {"protocol=http queueLength=5", nil, 117, 0, true},
		"ready ones alone":        {"protocol=http mode=QueueLength excludeUnacknowledged=true", nil, 115, 0, true},
		"not above activation":    {"protocol=http mode=QueueLength activationValue=120", nil, 117, 0, false},
		"a pattern":               {"protocol=http mode=QueueLength useRegex=true operation=max", nil, 117, 0, true},
		"auto is HTTP":            {"mode=QueueLength", nil, 117, 0, true},
		"auto is HTTP for a rate": {"mode=MessageRate activationValue=200", nil, 10, 0.01, false},
		"active by its messages":  {"mode=MessageRate activationValue=100", nil, 10, 0.01, true},
		"delivered":               {"mode=DeliverGetRate activationValue=7", nil, 8, 0.01, true},
		"published to delivered":  {"mode=PublishedToDeliveredRatio", nil, 1.25, 0.01, true},
		"none delivered":          {"mode=PublishedToDeliveredRatio activationValue=3", nobody, 3, 0, true},
		"consumption time":        {"mode=ExpectedQueueConsumptionTime", nil, (10-8)/8. + 117/8., 0.01, true},
		"none consumed":           {"mode=ExpectedQueueConsumptionTime activationValue=3", nobody, 3, 0, true},
		"nothing left":            {"protocol=amqp mode=QueueLength", done, 0, 1, false},
	} {
		metadata := map[string]string{"connection": "rabbit", "queueName": "orders", "value": "5"}
		for pair := range strings.FieldsSeq(c.metadata) {
			key, value, _ := strings.Cut(pair, "=")
			metadata[key] = value
		}
		if metadata["queueLength"] != "" {
			delete(metadata, "value")
		}
		for _, live := range []bool{false, true} {
			if live && metadata["mode"] != "QueueLength" {
				delete(metadata, "connection") // KEDA's own has it in a TriggerAuthentication
			}
			got := answerOf(t, simulatedRabbitMQ(live), metadata, c.change)
			if math.Abs(got.Value-c.value) > c.within || got.Active != c.active {
				t.Errorf("%s (live %t): %g, active %t, want %g, %t", name, live, got.Value, got.Active, c.value, c.active)
			}
		}
	}
}

// Ten records come in a second: in the mean of a minute, which is full at the end. lagwise has asked at 52.5 s.
func TestNewRelicIsAnsweredByHand(t *testing.T) {
	t.Parallel()
	curve := func(s *simulate.Setup) {
		s.Number.Course = []simulate.Step{{From: 10 * time.Second, Value: 7}, {From: 55 * time.Second, Value: -3}}
	}
	for name, c := range map[string]struct {
		change       func(*simulate.Setup)
		cached, live float64
	}{
		"the load":   {nil, 10 * 52.5 / 60, 10},
		"ten-fold":   {func(s *simulate.Setup) { s.Number.Factor = 10 }, 100 * 52.5 / 60, 100},
		"more often": {func(s *simulate.Setup) { s.Number.Every = 2 * time.Second }, 10 * 59. / 60, 10},
		"a curve":    {curve, 7, 0},
	} {
		metadata := map[string]string{"connection": "nr", "nrql": "SELECT count(*) FROM Transaction", "threshold": "5"}
		if got := answerOf(t, simulatedNewRelic(false), metadata, c.change); math.Abs(got.Value-c.cached) > 0.05 || got.Active != (c.cached > 0) {
			t.Errorf("%s: %g, active %t, want %g", name, got.Value, got.Active, c.cached)
		}
		delete(metadata, "connection")
		metadata["queryKey"] = "NRAK"
		if got := answerOf(t, simulatedNewRelic(true), metadata, c.change); math.Abs(got.Value-c.live) > 0.05 || got.Active != (c.live > 0) {
			t.Errorf("%s, asked now: %g, active %t, want %g", name, got.Value, got.Active, c.live)
		}
	}
}

// written is a ScaledObject that sleeps, with these triggers.
func written(t *testing.T, triggers string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "scaledobject.yaml")
	text := "apiVersion: keda.sh/v1alpha1\nkind: ScaledObject\nmetadata: {name: x}\n" +
		"spec:\n  scaleTargetRef: {name: x}\n  cooldownPeriod: 60\n  maxReplicaCount: 4\n  triggers:\n" + triggers
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

const (
	byAMQP     = "  - {type: external-push, metadata: {scaler: rabbitmq, connection: r, protocol: amqp, queueName: q, mode: QueueLength, value: '20'}}\n"
	byHTTP     = "  - {type: external-push, metadata: {scaler: rabbitmq, connection: r, protocol: http, queueName: q, mode: QueueLength, value: '20'}}\n"
	ofKafka    = "  - {type: external, metadata: {bootstrapServers: 'k:9092', consumerGroup: g, topic: t}}\n"
	ofNewRelic = "  - {type: external-push, metadata: {scaler: new-relic, connection: n, nrql: SELECT 1, threshold: '5'}}\n"
	ofCPU      = "  - {type: cpu, metricType: Utilization, metadata: {value: '70'}}\n"
	ownRabbit  = "  - {type: rabbitmq, authenticationRef: {name: a}, metadata: {protocol: amqp, queueName: q, mode: QueueLength, value: '20'}}\n"
	withHost   = "  - {type: rabbitmq, metadata: {host: 'amqp://me:secret@r:5672/v', queueName: q, mode: QueueLength, value: '20'}}\n"
	ownQuery   = "  - {type: new-relic, metadata: {account: '1', queryKey: k, nrql: SELECT 1, threshold: '5'}}\n"
)

// By AMQP a message is noticed at once, by HTTP when the statistics have it, 2.5 s after a round time; an answer of New Relic's half of its
// interval after. KEDA polls after half of its own.
func TestSimulateShowsWhoNoticesWhen(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		triggers    string
		lagwise     float64
		alsoAsKEDAs []string
	}{
		"AMQP":      {byAMQP, 0, []string{ownRabbit, withHost}},
		"HTTP":      {byHTTP, 2.5, nil},
		"New Relic": {ofNewRelic, 7.5, []string{ownQuery}},
	} {
		args := []string{"--burst", "300", "--per-replica", "5", "--for", "10m"}
		results := played(t, append([]string{written(t, c.triggers), "--compare"}, args...)...)
		for i, want := range []float64{c.lagwise, 15} {
			if got := results[i].Bursts[0]; got.Replica == nil || math.Abs(*got.Replica-want) > 0.1 || results[i].Left != 0 {
				t.Errorf("%s, %s: %v, want %g s", name, results[i].Name, *got.Replica, want)
			}
		}
		for _, triggers := range c.alsoAsKEDAs {
			if own := played(t, append([]string{written(t, triggers)}, args...)...); fmt.Sprint(own[0].Replicas) != fmt.Sprint(results[1].Replicas) {
				t.Errorf("KEDA's own goes another way than its comparison:\n%v\n%v", own[0].Replicas, results[1].Replicas)
			}
		}
	}
}

// One replica holds all fifty messages and works on them for four minutes: by AMQP the queue looks empty, and is sent to sleep under it.
func TestSimulateShowsThatHeldMessagesAreNotSeenByAMQP(t *testing.T) {
	t.Parallel()
	args := []string{"--burst", "50", "--per-replica", "0.2", "--prefetch", "50", "--for", "10m"}
	seen := played(t, append([]string{written(t, byHTTP)}, args...)...)[0]
	unseen := played(t, append([]string{written(t, byAMQP)}, args...)...)[0]
	if seen.Reversals != 0 || unseen.Reversals == 0 {
		t.Errorf("%d reversals by HTTP, %d by AMQP", seen.Reversals, unseen.Reversals)
	}
}

func TestSimulateFollowsGivenAnswers(t *testing.T) {
	t.Parallel()
	answers := filepath.Join(t.TempDir(), "answers.csv")
	if err := os.WriteFile(answers, []byte("seconds,throughput\n100,18\n400,0\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	result := played(t, written(t, ofNewRelic), "--rate", "1", "--per-replica", "5", "--for", "15m", "--answers", answers)[0]
	first, last := result.Replicas[0], result.Replicas[len(result.Replicas)-1]
	if first.Replicas != 1 || math.Abs(first.At-112.5) > 0.1 || result.MostReplicas != 4 || last.Replicas != 0 {
		t.Errorf("18 at 5 a replica, from 112.5 s on: %v", result.Replicas)
	}
}

func TestSimulateSaysWhatIsLeftOut(t *testing.T) {
	t.Parallel()
	workload := []string{"--burst", "10", "--per-replica", "1", "--for", "5m"}
	var stdout, stderr bytes.Buffer
	code := run(t.Context(), append([]string{"simulate", written(t, byAMQP+ofCPU+"  - {type: prometheus, metadata: {}}\n"), "--compare"}, workload...), &stdout, &stderr)
	said := strings.Split(stderr.String(), "\n")
	if code != 0 || len(said) != 3 || !strings.Contains(said[0], ":10:5: a trigger of type cpu is left out") || !strings.Contains(said[1], "type prometheus") ||
		strings.Contains(said[0], "awake") || !strings.Contains(said[1], "awake") {
		t.Errorf("exit code %d, %q", code, stderr.String())
	}
	for triggers, says := range map[string]string{
		ofCPU:            "no trigger can be simulated; those of cron, kafka, new-relic, rabbitmq can",
		byAMQP + ofKafka: "of a topic and of a queue",
		strings.Replace(byAMQP, "QueueLength", "Length", 1):                           "mode",
		strings.Replace(byAMQP, "QueueLength", "MessageRate", 1):                      "mode",
		strings.Replace(byAMQP, "value: '20'", "excludeUnacknowledged: 'true'", 1):    "value: missing",
		strings.Replace(byAMQP, "value:", "excludeUnacknowledged: 'true', value:", 1): "excludeUnacknowledged needs the management API",
		strings.Replace(ofNewRelic, "nrql", "nrlq", 1):                                "nrql",
		strings.Replace(ofNewRelic, "connection: n, ", "", 1):                         "connection",
		strings.Replace(byAMQP, "rabbitmq", "rabbit", 1):                              `scaler "rabbit"`,
	} {
		stderr.Reset()
		if code := run(t.Context(), append([]string{"simulate", written(t, triggers)}, workload...), &stdout, &stderr); code == 0 || !strings.Contains(stderr.String(), says) {
			t.Errorf("%s: exit code %d, %q, want %q", triggers, code, stderr.String(), says)
		}
	}
}
