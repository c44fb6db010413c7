package e2e_test

import (
	"testing"
	"time"

	"github.com/lagwise/lagwise/test/e2e/lagwise"
	"github.com/lagwise/lagwise/test/e2e/stage"
)

// KEDA's operator is restarted. Its streams come back, and a record that was written meanwhile wakes its consumer. Where
// lagwise is gone at the same time nothing scales down, and sleepers wake after its return. It disturbs KEDA for everybody.
func TestOperatorRestarted(t *testing.T) {
	s := shared.Scenario(t)
	gone := s.AnotherLagwise("gone", lagwise.Options{})
	meanwhile, after := asleep(s, "meanwhile"), asleep(s, "after")
	orphan := asleep(s, "orphan", at(gone.Address()), stage.Set(5, "spec", "pollingInterval"))
	atTwo(s, "receipts", "kafka-polled-zero.yaml", 10,
		stage.Set(1, "spec", "pollingInterval"), longCoolDown(), at(gone.Address()))

	gone.Kill()
	left := time.Now()
	orphan.knock()
	s.Cluster.StopOperator()
	meanwhile.knock()
	restarted := time.Now()
	if err := s.Cluster.StartOperator(s.Context()); err != nil {
		t.Fatal(err)
	}
	s.Figure("operator's start", time.Since(restarted))
	woken := s.Replicas("meanwhile").Reach(1, stage.Patience)
	s.Figure("operator's start -> Deployment at 1, record written before", woken.At.Sub(restarted))

	<-time.After(time.Until(restarted.Add(25 * time.Second))) // 25 polls without lagwise
	wantStill(t, s, "orphan", 0, left)
	wantStill(t, s, "receipts", 2, left)
	after.knock()
	s.Figure("record -> Deployment at 1, stream reopened", after.woke())

	away := time.Since(left)
	if err := gone.Restart(s.Context()); err != nil {
		t.Fatal(err)
	}
	back := time.Now()
	s.Figure("lagwise was away for", away)
	took := s.Replicas("orphan").Reach(1, 3*stage.Patience).At.Sub(back)
	s.Figure("lagwise back -> Deployment at 1, operator restarted meanwhile", took)
	if limit := away + stage.Patience; took > limit {
		t.Errorf("woke %s after lagwise was back, want %s: as long as it was away, and a poll", took, limit)
	}
	s.Eventually(2*stage.Patience, func() error { return scalingActiveSince(s, "receipts", time.Now()) })
	wantStill(t, s, "receipts", 2, left)
}
