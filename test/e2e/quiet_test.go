package e2e_test

import (
	"testing"
	"time"

	"github.com/lagwise/lagwise/test/e2e/stage"
)

// Records that come one by one, and are consumed at once, keep the replicas that were asked for until the topic has been quiet
// for long enough. Nobody is stopped in between and started again.
func TestReplicasAreHeldUntilQuiet(t *testing.T) {
	t.Parallel()
	s := shared.Scenario(t)
	const quiet, pause, held, records = 30 * time.Second, 10 * time.Second, 2, 4
	topic, group := s.Topic("receiver", 2), s.Group("receiver")
	s.Commit(group, topic, 0, 0)
	s.Commit(group, topic, 1, 0)
	s.Deploy("receiver", stage.Pause())
	replicas := s.Replicas("receiver")
	s.Apply("kafka-quiet.yaml", stage.Set(quiet.String(), "spec", "triggers", 0, "metadata", "quietPeriod"),
		stage.Set(5, "spec", "pollingInterval"), stage.Set(5, "spec", "cooldownPeriod"))
	s.AwaitCondition("receiver", "Ready", "True")

	// Records go on coming until the HPA, which may have much else to do, has looked at the metric.
	var last time.Time
	for record := range int64(stage.Patience / pause) {
		if record >= records && replicas.Most() >= held {
			break
		}
		if record > 0 {
			<-time.After(pause)
		}
		last = time.Now()
		s.Produce(topic, 0, 1)
		s.Commit(group, topic, 0, record+1) // as if it were consumed
		if record == 0 {
			replicas.Reach(1, stage.Patience)
		}
	}
	replicas.Reach(held, 0)
	after := replicas.Reach(0, stage.Patience).At.Sub(last)
	s.Figure("last record -> Deployment at 0, quietPeriod 30s", after)
	if after < quiet {
		t.Errorf("the last replica went %s after the last record: %s", after, replicas)
	}
	falling := false
	for i, change := range replicas.Changes() {
		if i == 0 {
			continue
		}
		before := replicas.Changes()[i-1]
		if change.Wanted > before.Wanted && falling {
			t.Errorf("replicas were stopped and started again: %s", replicas)
		}
		falling = falling || change.Wanted < before.Wanted
		if change.Wanted < before.Wanted && change.At.Before(last.Add(quiet)) {
			t.Errorf("a replica was stopped %s after the last record: %s", change.At.Sub(last), replicas)
		}
	}
}
