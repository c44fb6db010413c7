package e2e_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/lagwise/lagwise/test/e2e/lagwise"
	"github.com/lagwise/lagwise/test/e2e/stage"
)

// A Deployment under KEDA's own kafka trigger is moved over to lagwise in place, and back again. Its replicas never drop on
// the way, and each side scales it further when there is more lag; after the way back nothing needs lagwise any more.
func TestMovingOverAndBack(t *testing.T) {
	t.Parallel()
	s := shared.Scenario(t)
	const partitions, each = 6, 50
	// Four times what the HPA waits here before it scales down, and longer than a poll and the cool-down: a drop would have come
	// by then.
	const settled = 20 * time.Second
	own := s.OwnLagwise(lagwise.Options{})
	topic, group := s.Topic("orders", partitions), s.Group("orders")
	for partition := range int32(partitions) {
		s.Commit(group, topic, partition, 0)
	}
	s.Deploy("orders", stage.Pause())
	apply := func(edits ...stage.Edit) {
		s.Apply("kafka-push.yaml", append(edits, stage.Set(5, "spec", "pollingInterval"), stage.Set(10, "spec", "cooldownPeriod"))...)
	}
	replicas := s.Replicas("orders")

	apply(stage.BuiltIn())
	s.Produce(topic, 0, 3*each)
	replicas.Reach(3, stage.Patience)

	apply()
	s.Hold(settled, func() error { return neverDrops(replicas) })
	s.Produce(topic, 1, each)
	replicas.Reach(4, stage.Patience)

	apply(stage.BuiltIn())
	s.Hold(settled, func() error { return neverDrops(replicas) })
	own.Stop()
	s.Produce(topic, 2, each)
	replicas.Reach(5, stage.Patience)

	if err := neverDrops(replicas); err != nil {
		t.Error(err)
	}
	s.Figure("wanted replicas", replicas)
}

// neverDrops complains when the replicas have ever been fewer than before.
func neverDrops(replicas *stage.Replicas) error {
	changes := replicas.Changes()
	for i := range changes {
		if i > 0 && (changes[i].Wanted < changes[i-1].Wanted || changes[i].Ready < changes[i-1].Ready) {
			return fmt.Errorf("replicas dropped: %s", replicas)
		}
	}
	return nil
}
