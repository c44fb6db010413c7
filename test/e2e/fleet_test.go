package e2e_test

import (
	"fmt"
	"net"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/lagwise/lagwise/test/e2e/stage"
	"github.com/lagwise/lagwise/test/process"
)

// Hundreds of sleepers are applied at once: all become Ready, and one burst wakes them all, while lagwise keeps a handful of
// connections to Kafka and KEDA none. It needs the machine for itself.
func TestFleetOfPushTriggers(t *testing.T) {
	s := shared.Scenario(t)
	fleet := apply(t, s, stage.Set(3600, "spec", "pollingInterval")) // no poll wakes what no push has woken
	lagwise := s.Lagwise.PID()
	connections := connectionsToKafka(t, s, lagwise)
	s.Figure("lagwise", fmt.Sprintf("%.0f MiB, %d connections to Kafka", memory(t, lagwise), connections))
	const most = 30 // seven consumers for push with two each, and those that observe
	if connections > most {
		t.Errorf("want no more than %d connections to Kafka, got %d", most, connections)
	}
	if own := connectionsToKafka(t, s, s.Cluster.OperatorPID()); own != 0 {
		t.Errorf("KEDA's operator has %d connections to Kafka", own)
	}
	fleet.wake(s)
}

// The same sleepers with KEDA's built-in trigger, to compare with.
func TestFleetOfBuiltInTriggers(t *testing.T) {
	s := shared.Scenario(t)
	fleet := apply(t, s, stage.BuiltIn())
	if connections := connectionsToKafka(t, s, s.Cluster.OperatorPID()); connections < len(fleet.names) {
		t.Errorf("KEDA's operator has only %d connections to Kafka: this compares nothing", connections)
	}
	fleet.wake(s)
}

type fleet struct{ names, topics []string }

// apply applies all of them and waits until they are Ready. KEDA is restarted before, so that its memory is that of these
// ScaledObjects alone.
func apply(t *testing.T, s *stage.Scenario, edits ...stage.Edit) fleet {
	t.Helper()
	const size = 500
	var names []string
	for i := range size {
		names = append(names, fmt.Sprintf("sleeper-%d", i))
	}
	f := fleet{names: names, topics: s.Topics(names...)}
	for _, name := range names {
		s.Deploy(name, stage.Pause())
	}
	s.Fatal(s.Cluster.RestartOperator(t.Context()))
	operator := s.Cluster.OperatorPID()
	before := memory(t, operator)

	began := time.Now()
	for i, name := range names {
		// Without a commit all records of a partition count: none so far.
		edits := append(edits, stage.Named(name), stage.On(f.topics[i], s.Group(name)),
			stage.Set("earliest", "spec", "triggers", 0, "metadata", "offsetResetPolicy"))
		s.Apply("kafka-push.yaml", edits...)
	}
	s.Kubectl("wait", "scaledobject", "--all", "--for=condition=Ready", "--timeout=300s")
	s.Figure(fmt.Sprintf("%d ScaledObjects applied -> all Ready", size), time.Since(began))
	s.Figure("KEDA's operator", fmt.Sprintf("%.0f MiB more than without any, %d connections to Kafka",
		memory(t, operator)-before, connectionsToKafka(t, s, operator)))
	return f
}

// wake writes a record for each of them at once, and waits until all are awake.
func (f fleet) wake(s *stage.Scenario) {
	began := time.Now()
	s.ProduceEach(f.topics)
	s.Eventually(2*stage.Patience, func() error {
		asleep := slices.DeleteFunc(slices.Clone(f.names), func(name string) bool { return s.Replicas(name).Most() > 0 })
		if len(asleep) > 0 {
			return fmt.Errorf("%d of %d were not woken by their record: %v", len(asleep), len(f.names), asleep)
		}
		return nil
	})
	var last time.Time
	for _, name := range f.names {
		if woken := s.Replicas(name).Reach(1, 0).At; woken.After(last) {
			last = woken
		}
	}
	s.Figure("a record for each -> all Deployments at 1", last.Sub(began))
}

func memory(t *testing.T, pid int) (mib float64) {
	t.Helper()
	mib, err := process.RSS(pid)
	if err != nil {
		t.Fatal(err)
	}
	return mib
}

func connectionsToKafka(t *testing.T, s *stage.Scenario, pid int) int {
	t.Helper()
	_, port, err := net.SplitHostPort(s.Kafka.Address())
	if err != nil {
		t.Fatal(err)
	}
	number, err := strconv.Atoi(port)
	if err != nil {
		t.Fatal(err)
	}
	count, err := process.ConnectionsTo(pid, number)
	if err != nil {
		t.Fatal(err)
	}
	return count
}
