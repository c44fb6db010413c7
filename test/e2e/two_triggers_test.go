package e2e_test

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/lagwise/lagwise/test/e2e/stage"
)

// The HPA follows the trigger that asks for more, and the workload sleeps only when neither wants it.
func TestTwoTopics(t *testing.T) {
	t.Parallel()
	s := shared.Scenario(t)
	payments, refunds, group := ledger(s)
	s.Deploy("ledger", stage.Pause())
	s.Apply("kafka-two-topics.yaml", stage.Set(5, "spec", "cooldownPeriod"))
	s.AwaitCondition("ledger", "Ready", "True")
	replicas := s.Replicas("ledger")

	produced := time.Now()
	s.Produce(refunds, 0, 15)
	s.Figure("record of the second topic -> Deployment at 1", replicas.Reach(1, stage.Patience).At.Sub(produced))
	replicas.Reach(2, stage.Patience)
	s.Produce(payments, 0, 35)
	replicas.Reach(4, stage.Patience)
	s.Commit(group, payments, 0, 35) // as if it were consumed
	replicas.Reach(2, stage.Patience)
	s.Commit(group, refunds, 0, 15)
	replicas.Reach(0, stage.Patience)
	if most := replicas.Most(); most != 4 {
		t.Errorf("want no more than the larger of 4 and 2 replicas, got %d: %s", most, replicas)
	}
}

// A formula makes one number of both triggers, and KEDA's activationTarget is held against that number.
func TestFormulaOverTwoTopics(t *testing.T) {
	t.Parallel()
	s := shared.Scenario(t)
	payments, refunds, group := ledger(s)
	s.Deploy("ledger", stage.Pause())
	s.Apply("kafka-formula.yaml", stage.Set(5, "spec", "cooldownPeriod"))
	s.AwaitCondition("ledger", "Ready", "True")
	replicas := s.Replicas("ledger")

	const value, target, wanted = 25 + 3*15, 20, 4
	s.Produce(payments, 0, 25)
	s.Produce(refunds, 0, 15)
	replicas.Reach(wanted, stage.Patience)
	s.Eventually(stage.Patience, func() error {
		hpa, err := s.HPA("ledger")
		if err != nil {
			return err
		}
		if got := targetOf(hpa); len(hpa.Spec.Metrics) != 1 || got != target {
			return fmt.Errorf("want one metric with target %d, the HPA has %v", target, hpa.Spec.Metrics)
		}
		if len(hpa.Status.CurrentMetrics) != 1 || hpa.Status.CurrentMetrics[0].External == nil {
			return fmt.Errorf("want one external metric, the HPA's status has %v", hpa.Status.CurrentMetrics)
		}
		average := hpa.Status.CurrentMetrics[0].External.Current.AverageValue.AsApproximateFloat64()
		if got := average * float64(hpa.Status.CurrentReplicas); math.Abs(got-value) > 0.01 {
			return fmt.Errorf("want the formula's value %d, the HPA has %v", value, got)
		}
		return nil
	})
	s.Commit(group, payments, 0, 25)
	s.Commit(group, refunds, 0, 15)
	replicas.Reach(0, stage.Patience)
	if most := replicas.Most(); most != wanted {
		t.Errorf("want at most %d replicas, got %d: %s", wanted, most, replicas)
	}
}

// Lag scales beyond what the schedule asks for; without lag the schedule holds; outside it, and without lag, the workload
// sleeps.
func TestKafkaAndCron(t *testing.T) {
	t.Parallel()
	s := shared.Scenario(t)
	const partitions, scheduled, byLag = 6, 2, 4
	topic, group := s.Topic("quotes", partitions), s.Group("quotes")
	for partition := range int32(partitions) {
		s.Commit(group, topic, partition, 0)
	}
	replicas := s.Replicas("quotes")
	apply := func(from, to time.Duration) {
		const timezone = "Asia/Seoul" // where summer does not move clocks
		place, err := time.LoadLocation(timezone)
		if err != nil {
			t.Fatal(err)
		}
		daily := func(in time.Duration) string {
			at := time.Now().Add(in).In(place)
			return fmt.Sprintf("%d %d * * *", at.Minute(), at.Hour())
		}
		s.Apply("kafka-and-cron.yaml",
			stage.Set(5, "spec", "pollingInterval"), stage.Set(5, "spec", "cooldownPeriod"),
			stage.Set(daily(from), "spec", "triggers", 0, "metadata", "start"),
			stage.Set(daily(to), "spec", "triggers", 0, "metadata", "end"))
	}

	s.Deploy("quotes", stage.Pause())
	apply(-time.Hour, time.Hour)
	replicas.Reach(scheduled, stage.Patience)
	s.Produce(topic, 0, 5*byLag)
	replicas.Reach(byLag, stage.Patience)
	s.Commit(group, topic, 0, 5*byLag)
	replicas.Reach(scheduled, stage.Patience)
	apply(2*time.Hour, 3*time.Hour)
	replicas.Reach(0, stage.Patience)
	s.Produce(topic, 0, 1)
	replicas.Reach(1, stage.Patience) // by lag alone
	if most := replicas.Most(); most != byLag {
		t.Errorf("want at most %d replicas, got %d: %s", byLag, most, replicas)
	}
}

// ledger makes two drained topics of one group.
func ledger(s *stage.Scenario) (payments, refunds, group string) {
	const partitions = 6
	payments, refunds, group = s.Topic("payments", partitions), s.Topic("refunds", partitions), s.Group("ledger")
	for partition := range int32(partitions) {
		s.Commit(group, payments, partition, 0)
		s.Commit(group, refunds, partition, 0)
	}
	return payments, refunds, group
}
