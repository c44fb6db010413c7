package e2e_test

import (
	"testing"
	"time"

	"github.com/lagwise/lagwise/test/e2e/stage"
)

// dormant is a Deployment at zero with a push trigger, and with a topic and a group of its own. KEDA polls it once
// an hour: what wakes it before that is a push.
type dormant struct {
	scenario    *stage.Scenario
	name, topic string
	produced    time.Time
}

// dormantOf makes everything but the trigger.
func dormantOf(s *stage.Scenario, name string) *dormant {
	d := &dormant{scenario: s, name: name, topic: s.Topic(name, 1)}
	s.Commit(s.Group(name), d.topic, 0, 0)
	s.Deploy(name, stage.Pause())
	return d
}

// apply makes the trigger.
func (d *dormant) apply(edits ...stage.Edit) {
	d.scenario.Apply("kafka-push.yaml", append([]stage.Edit{
		stage.Named(d.name), stage.On(d.topic, d.scenario.Group(d.name)), stage.Set(3600, "spec", "pollingInterval"),
	}, edits...)...)
}

// asleep makes a dormant with its trigger, and waits until KEDA knows it.
func asleep(s *stage.Scenario, name string, edits ...stage.Edit) *dormant {
	d := dormantOf(s, name)
	d.apply(edits...)
	s.AwaitCondition(name, "Ready", "True")
	return d
}

// knock writes a record.
func (d *dormant) knock() {
	d.scenario.Produce(d.topic, 0, 1)
	d.produced = time.Now()
}

// woke waits for the Deployment to wake after knock, and says how long that took.
func (d *dormant) woke() time.Duration {
	return d.scenario.Replicas(d.name).Reach(1, stage.Patience).At.Sub(d.produced)
}

// wantStill fails the test when a Deployment wanted anything but this number of replicas since.
func wantStill(t *testing.T, s *stage.Scenario, name string, wanted int32, since time.Time) {
	t.Helper()
	for _, change := range s.Replicas(name).Changes() {
		if change.At.After(since) && change.Wanted != wanted {
			t.Errorf("%s did not stay at %d replicas: %s", name, wanted, s.Replicas(name))
			return
		}
	}
	if now := s.Replicas(name).Now().Wanted; now != wanted {
		t.Errorf("%s is at %d replicas, want %d", name, now, wanted)
	}
}

// wantNoNewComplaints fails the test over what was said against a ScaledObject since before.
func wantNoNewComplaints(t *testing.T, s *stage.Scenario, name string, before []string) {
	t.Helper()
	known := map[string]bool{}
	for _, complaint := range before {
		known[complaint] = true
	}
	for _, complaint := range s.Complaints(name) {
		if !known[complaint] {
			t.Errorf("new against %s: %s", name, complaint)
		}
	}
}

// at makes the triggers ask lagwise at this address.
func at(address string) stage.Edit {
	return stage.Set(address, "spec", "triggers", 0, "metadata", "scalerAddress")
}
