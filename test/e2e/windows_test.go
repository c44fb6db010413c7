package e2e_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/lagwise/lagwise/test/e2e/stage"
)

// promptly is how soon after a window's start a Deployment must be awake. KEDA, which polls every two minutes here, would
// need longer.
const promptly = 5 * time.Second

// A cron window opens on the minute by push, holds its replicas, and lets them go after its end.
func TestCronWindow(t *testing.T) {
	t.Parallel()
	s := shared.Scenario(t)
	const scheduled = 3
	s.Deploy("php-apache", stage.Pause())
	replicas := s.Replicas("php-apache")
	next := nextMinute(t, "Asia/Seoul")
	edits := []stage.Edit{
		stage.Set(fmt.Sprintf("%s | %s | %d", next.start, next.end, scheduled), "spec", "triggers", 0, "metadata", "windows"),
		stage.Set(5, "spec", "cooldownPeriod"),
	}
	s.Apply("cron-windows.yaml", append(edits, stage.Set(120, "spec", "pollingInterval"))...)
	s.AwaitCondition("php-apache", "Ready", "True")

	next.opens(t, s, replicas, "cron window's start -> Deployment at 1")
	replicas.Reach(scheduled, stage.Patience)
	s.Apply("cron-windows.yaml", append(edits, stage.Set(5, "spec", "pollingInterval"))...)
	next.shuts(t, replicas)
	if most := replicas.Most(); most != scheduled {
		t.Errorf("want at most %d replicas, got %d: %s", scheduled, most, replicas)
	}
}

// Lag that waits outside a window moves nothing. As the window opens it scales, and its end lets the replicas go though the lag
// stays.
func TestKafkaInsideAWindow(t *testing.T) {
	t.Parallel()
	s := shared.Scenario(t)
	const partitions, byLag = 6, 3
	topic, group := s.Topic("invoices", partitions), s.Group("invoices")
	for partition := range int32(partitions) {
		s.Commit(group, topic, partition, 0)
	}
	s.Deploy("invoices", stage.Pause())
	replicas := s.Replicas("invoices")
	s.Produce(topic, 0, 50*byLag-10)
	next := nextMinute(t, "Europe/Berlin")
	edits := []stage.Edit{
		stage.Set(next.start, "spec", "triggers", 0, "metadata", "windowStart"),
		stage.Set(next.end, "spec", "triggers", 0, "metadata", "windowEnd"),
		stage.Set(5, "spec", "cooldownPeriod"),
	}
	s.Apply("kafka-window.yaml", append(edits, stage.Set(120, "spec", "pollingInterval"))...)
	s.AwaitCondition("invoices", "Ready", "True")

	next.opens(t, s, replicas, "Kafka window's start -> Deployment at 1, lag waiting")
	replicas.Reach(byLag, stage.Patience)
	s.Apply("kafka-window.yaml", append(edits, stage.Set(5, "spec", "pollingInterval"))...)
	next.shuts(t, replicas)
	if most := replicas.Most(); most != byLag {
		t.Errorf("want at most %d replicas, got %d: %s", byLag, most, replicas)
	}
}

// A floor runs its replicas inside its window although nothing lags, more of them than there are partitions, and lets them go
// after it.
func TestKafkaFloorInsideAWindow(t *testing.T) {
	t.Parallel()
	s := shared.Scenario(t)
	const partitions, floor = 2, 3
	topic, group := s.Topic("tickets", partitions), s.Group("tickets")
	for partition := range int32(partitions) {
		s.Commit(group, topic, partition, 0)
	}
	s.Deploy("tickets", stage.Pause())
	replicas := s.Replicas("tickets")
	next := nextMinute(t, "Asia/Seoul")
	edits := []stage.Edit{
		stage.Set(next.start, "spec", "triggers", 0, "metadata", "windowStart"),
		stage.Set(next.end, "spec", "triggers", 0, "metadata", "windowEnd"),
		stage.Set(5, "spec", "cooldownPeriod"),
	}
	s.Apply("kafka-window-floor.yaml", append(edits, stage.Set(120, "spec", "pollingInterval"))...)
	s.AwaitCondition("tickets", "Ready", "True")

	next.opens(t, s, replicas, "Kafka window's start -> Deployment at 1, no lag")
	replicas.Reach(floor, stage.Patience)
	s.Apply("kafka-window-floor.yaml", append(edits, stage.Set(5, "spec", "pollingInterval"))...)
	next.shuts(t, replicas)
}

// minute is a window of one minute and the instants at which it opens and shuts.
type minute struct {
	start, end string
	from, to   time.Time
}

// nextMinute leaves time to apply a ScaledObject before it begins.
func nextMinute(t *testing.T, zone string) minute {
	t.Helper()
	place, err := time.LoadLocation(zone)
	if err != nil {
		t.Fatal(err)
	}
	from := time.Now().In(place).Add(25 * time.Second).Truncate(time.Minute).Add(time.Minute)
	to := from.Add(time.Minute)
	expression := func(at time.Time) string { return fmt.Sprintf("%d %d * * *", at.Minute(), at.Hour()) }
	return minute{start: expression(from), end: expression(to), from: from, to: to}
}

// opens waits for the first replica, which must come with the window, and not before.
func (m minute) opens(t *testing.T, s *stage.Scenario, replicas *stage.Replicas, what string) {
	t.Helper()
	after := replicas.Reach(1, time.Until(m.from)+stage.Patience).At.Sub(m.from)
	s.Figure(what, after)
	if after < 0 || after > promptly {
		t.Errorf("the first replica came %s after the window's start: %s", after, replicas)
	}
}

// shuts waits for the last replica to go, which must not happen before the window's end.
func (m minute) shuts(t *testing.T, replicas *stage.Replicas) {
	t.Helper()
	if after := replicas.Reach(0, time.Until(m.to)+stage.Patience).At.Sub(m.to); after < 0 {
		t.Errorf("the last replica went %s before the window's end: %s", -after, replicas)
	}
}
