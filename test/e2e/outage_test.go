package e2e_test

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/lagwise/lagwise/test/e2e/lagwise"
	"github.com/lagwise/lagwise/test/e2e/stage"
	"github.com/lagwise/lagwise/test/realkafka"
)

// Kafka falls silent, dies, and is back after half a minute. Nothing scales to zero, KEDA's fallback replicas hold, and when Kafka is back so is
// everything else: by itself, and within seconds. The same half minute leaves no trace where it is shorter than lagwise's
// maxSnapshotAge.
func TestKafkaOutage(t *testing.T) {
	t.Parallel()
	s := shared.Scenario(t)
	s.OwnKafka(realkafka.Options{})
	s.OwnLagwise(lagwise.Options{Config: stage.ConnectionTo(s.Kafka), Args: []string{"--refreshInterval=1s", "--maxSnapshotAge=3s"}})
	patient := s.AnotherLagwise("patient", lagwise.Options{Args: []string{"--refreshInterval=1s", "--maxSnapshotAge=10m"}})
	crashing := s.AnotherLagwise("crashing", lagwise.Options{Args: []string{"--refreshInterval=1s", "--maxSnapshotAge=3s"}})

	late := dormantOf(s, "late")
	alone := asleep(s, "alone", at("dns:///"+s.Lagwise.Address()), stage.Set(5, "spec", "pollingInterval"))
	pushed := asleep(s, "pushed")
	reopened := asleep(s, "reopened", at(crashing.Address()))
	again := asleep(s, "again", at(crashing.Address()))
	atTwo(s, "invoices", "kafka-polled.yaml", 75, stage.Set(1, "spec", "pollingInterval"))
	atTwo(s, "receipts", "kafka-polled-zero.yaml", 10, stage.Set(1, "spec", "pollingInterval"), longCoolDown())
	atTwo(s, "unaware", "kafka-polled-zero.yaml", 10, stage.Set(1, "spec", "pollingInterval"), at(patient.Address()))
	saidOfUnaware := s.Complaints("unaware")

	lost := time.Now()
	if err := s.Kafka.Freeze(); err != nil {
		t.Fatal(err)
	}
	late.apply()
	s.Eventually(stage.Patience, func() error { _, err := s.HPA("late"); return err })
	s.Figure("Kafka silent -> fallback replicas", s.Replicas("invoices").Reach(3, stage.Patience).At.Sub(lost))
	s.AwaitCondition("invoices", "Fallback", "True")
	s.AwaitCondition("receipts", "Ready", "False")
	s.Kafka.Kill()
	// Three streams break one after the other, and each time KEDA waits twice as long before it opens the next one: 2, 4
	// and 8 seconds, were it not for the clean end of the last.
	for crash := range 3 {
		crashing.Kill()
		if err := crashing.Restart(s.Context()); err != nil {
			t.Fatal(err)
		}
		awaitStreams(s, crashing, crash+1)
	}
	wantStill(t, s, "receipts", 2, lost)
	if said := strings.Join(s.Complaints("receipts"), "\n"); !strings.Contains(said, "event KEDAScalerFailed") || !strings.Contains(said, "operator: ") {
		t.Errorf("want a warning event and an error in the operator's log, got only:\n%s", said)
	}

	if err := s.Kafka.Restart(s.Context()); err != nil {
		t.Fatal(err)
	}
	back := time.Now()
	s.Figure("Kafka was away for", back.Sub(lost))
	for _, sleeping := range []*dormant{pushed, reopened, late, alone} {
		sleeping.knock()
	}
	s.Figure("Kafka back -> records accepted", time.Since(back))
	s.Figure("record -> Deployment at 1, stream open throughout", pushed.woke())
	s.Figure("record -> Deployment at 1, stream and lagwise begun in the outage", reopened.woke())
	s.Figure("record -> Deployment at 1, ScaledObject made in the outage", late.woke())
	s.Figure("record -> Deployment at 1, polled every 5 s, no other trigger on its connection", alone.woke())
	s.Figure("Kafka back -> fallback over", s.Replicas("invoices").Reach(2, stage.Patience).At.Sub(back))
	s.AwaitCondition("invoices", "Fallback", "False")
	s.AwaitCondition("receipts", "Ready", "True")

	wantStill(t, s, "receipts", 2, lost)
	wantStill(t, s, "unaware", 2, lost)
	wantNoNewComplaints(t, s, "unaware", saidOfUnaware)
	if err := scalingActiveSince(s, "unaware", lost); err != nil {
		t.Error(err)
	}
	crashing.Kill()
	if err := crashing.Restart(s.Context()); err != nil {
		t.Fatal(err)
	}
	again.knock()
	s.Figure("record -> Deployment at 1, stream broken once more", again.woke())
}

// longCoolDown outlasts what a scenario takes away: where every poll fails for longer than the cool-down, KEDA 2.21 can take a failed
// poll for an inactive trigger (docs/keda-notes.md).
func longCoolDown() stage.Edit { return stage.Set(300, "spec", "cooldownPeriod") }

// atTwo applies an example under a name and with lag for two replicas, which it waits for.
func atTwo(s *stage.Scenario, name, example string, lagOfEachPartition int, edits ...stage.Edit) {
	const partitions = 2
	topic, group := s.Topic(name, partitions), s.Group(name)
	for partition := range int32(partitions) {
		s.Commit(group, topic, partition, 0)
		s.Produce(topic, partition, lagOfEachPartition)
	}
	s.Deploy(name, stage.Pause())
	s.Apply(example, append([]stage.Edit{stage.Named(name), stage.On(topic, group)}, edits...)...)
	s.Replicas(name).Reach(2, stage.Patience)
	s.AwaitCondition(name, "Ready", "True")
}

// awaitStreams waits until an instance has said in each of its lives that it could not answer on a new stream.
func awaitStreams(s *stage.Scenario, instance *lagwise.Instance, lives int) {
	s.Eventually(stage.Patience, func() error {
		log, err := os.ReadFile(instance.LogFile())
		if err != nil {
			return fmt.Errorf("read the log: %w", err)
		}
		if found := bytes.Count(log, []byte("rpc=StreamIsActive")); found < 2*lives {
			return fmt.Errorf("%d streams were opened in an outage, want two in each of %d lives", found, lives)
		}
		return nil
	})
}
