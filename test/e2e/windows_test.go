package e2e_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/lagwise/lagwise/test/e2e/stage"
)

// windowed is an example whose window is moved to the next two minutes. It is asleep before and after, though the lag stays.
type windowed struct {
	file, name, zone string
	// partitions of the topic of the same name, none for a trigger without Kafka, and the lag that waits on it.
	partitions, lag int
	// inside is the window as the trigger's keys have it.
	inside func(window minutes) map[string]string
	// replicas run while it is open.
	replicas int32
}

func kafkaWindow(window minutes) map[string]string {
	return map[string]string{"windowStart": window.start, "windowEnd": window.end}
}

// A window opens on the minute by push, whatever the polling interval, and wakes nobody before; its replicas go after its end.
func TestWindows(t *testing.T) {
	t.Parallel()
	for _, example := range []windowed{
		{
			file: "cron-windows.yaml", name: "php-apache", zone: "Asia/Seoul", replicas: 3,
			inside: func(window minutes) map[string]string {
				return map[string]string{"windows": fmt.Sprintf("%s | %s | 3", window.start, window.end)}
			},
		},
		// Lag that waits outside a gate moves nothing.
		{file: "kafka-window.yaml", name: "invoices", zone: "Europe/Berlin", partitions: 6, lag: 140, inside: kafkaWindow, replicas: 3},
		// A floor runs without any lag, and runs more replicas than there are partitions.
		{file: "kafka-window-floor.yaml", name: "tickets", zone: "Asia/Seoul", partitions: 2, inside: kafkaWindow, replicas: 3},
	} {
		t.Run(strings.TrimSuffix(example.file, ".yaml"), func(t *testing.T) {
			t.Parallel()
			example.opensAndShuts(t, shared.Scenario(t))
		})
	}
}

func (w windowed) opensAndShuts(t *testing.T, s *stage.Scenario) {
	if w.partitions > 0 {
		topic, group := s.Topic(w.name, w.partitions), s.Group(w.name)
		for partition := range int32(w.partitions) {
			s.Commit(group, topic, partition, 0)
		}
		s.Produce(topic, 0, w.lag)
	}
	s.Deploy(w.name, stage.Pause())
	replicas := s.Replicas(w.name)
	window := nextMinutes(t, w.zone)
	edits := []stage.Edit{stage.Set(45, "spec", "cooldownPeriod")} // longer than applying it again takes; see longCoolDown
	for key, value := range w.inside(window) {
		edits = append(edits, stage.Set(value, "spec", "triggers", 0, "metadata", key))
	}
	s.Apply(w.file, append(edits, stage.Set(3600, "spec", "pollingInterval"))...) // so no poll wakes it
	s.AwaitCondition(w.name, "Ready", "True")

	opened := replicas.Reach(1, time.Until(window.from)+stage.Patience).At.Sub(window.from)
	s.Figure("window's start -> Deployment at 1", opened)
	if opened < 0 {
		t.Errorf("the first replica came %s before the window's start: %s", -opened, replicas)
	}
	replicas.Reach(w.replicas, stage.Patience)
	s.Apply(w.file, append(edits, stage.Set(5, "spec", "pollingInterval"))...)
	if shut := replicas.Reach(0, time.Until(window.to)+stage.Patience).At.Sub(window.to); shut < 0 {
		t.Errorf("the last replica went %s before the window's end: %s", -shut, replicas)
	}
	if most := replicas.Most(); most != w.replicas {
		t.Errorf("want at most %d replicas, got %d: %s", w.replicas, most, replicas)
	}
}

// minutes is a window of two minutes, in which the HPA comes to look on any machine, and the instants at which it opens and shuts.
type minutes struct {
	start, end string
	from, to   time.Time
}

// nextMinutes leaves time to apply a ScaledObject before it begins.
func nextMinutes(t *testing.T, zone string) minutes {
	t.Helper()
	place, err := time.LoadLocation(zone)
	if err != nil {
		t.Fatal(err)
	}
	from := time.Now().In(place).Add(25 * time.Second).Truncate(time.Minute).Add(time.Minute)
	to := from.Add(2 * time.Minute)
	expression := func(at time.Time) string { return fmt.Sprintf("%d %d * * *", at.Minute(), at.Hour()) }
	return minutes{start: expression(from), end: expression(to), from: from, to: to}
}
