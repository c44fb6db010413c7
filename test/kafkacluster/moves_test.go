//go:build kafka

package kafkacluster_test

import (
	"testing"
	"time"

	"github.com/lagwise/lagwise/test/realkafka"
)

// controllerFailover kills the active controller, and freezes the next one. No partition and no coordinator moves, so no trigger
// may notice. Where there is one controller alone, the cluster has none for as long.
func controllerFailover() scenario {
	return scenario{name: "controller-failover", play: func(t *testing.T, s *stage) {
		t.Helper()
		const gone = 15 * time.Second
		run := s.run(t)
		first := s.controller(t)
		t.Cleanup(func() { bringBack(t, first) })
		first.Kill()
		run.history.happened("the death of the active controller", time.Now())
		time.Sleep(gone)
		if err := first.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		run.history.happened("the return of that controller", time.Now())
		s.operator.awaitPreferred(t)

		second := s.controller(t)
		t.Cleanup(func() { bringBack(t, second) })
		if err := second.Freeze(); err != nil {
			t.Fatal(err)
		}
		run.history.happened("the freezing of the active controller", time.Now())
		time.Sleep(gone)
		if err := second.Thaw(); err != nil {
			t.Fatal(err)
		}
		run.history.happened("the thawing of that controller", time.Now())
		s.operator.awaitPreferred(t)
		run.judge(t, steady)
	}}
}

func (s *stage) controller(t *testing.T) *realkafka.Member {
	t.Helper()
	id := s.operator.activeController(t)
	for _, controller := range s.cluster.Controllers {
		if controller.ID == id {
			return controller
		}
	}
	t.Fatalf("no controller has the node id %d", id)
	return nil
}

// coordinatorsMove takes every replicated partition of __consumer_offsets away from its coordinator and back again, by an
// election of preferred leaders, while all brokers are there.
func coordinatorsMove() scenario {
	return scenario{name: "coordinators-move", play: func(t *testing.T, s *stage) {
		t.Helper()
		// A trigger that cannot find its coordinator has an error once its last answer is stale.
		const untilStale = 20*time.Second + afterDeath
		run := s.run(t)
		away, home := map[int32][]int32{}, map[int32][]int32{}
		var moving []int32
		for partition := range int32(replicatedOffsets) {
			brokers := replicated(partition%3 + 1)
			home[partition], away[partition] = brokers, brokers[1:]
			moving = append(moving, partition)
		}
		t.Cleanup(func() { s.operator.reassign(t, offsetsTopic, home) })

		began := time.Now()
		s.operator.reassign(t, offsetsTopic, away)
		s.operator.awaitPreferred(t)
		run.history.moved("the reassignment of "+offsetsTopic, began, time.Now())
		time.Sleep(untilStale + steady)

		began = time.Now()
		s.operator.reassign(t, offsetsTopic, home)
		s.operator.awaitPartitions(t, allInSync)
		s.operator.electPreferred(t, offsetsTopic, moving...)
		s.operator.awaitPreferred(t)
		run.history.moved("the election of preferred leaders of "+offsetsTopic, began, time.Now())
		run.judge(t, untilStale+steady)
	}}
}

// rollingRestart restarts every broker as an operator does: the next one once the cluster is whole again.
func rollingRestart() scenario {
	return scenario{name: "rolling-restart", play: func(t *testing.T, s *stage) {
		t.Helper()
		run := s.run(t)
		run.history.longest = afterReturn
		for _, broker := range s.cluster.Brokers {
			t.Cleanup(func() { bringBack(t, broker) })
			death := time.Now()
			broker.Shutdown()
			if err := broker.Start(t.Context()); err != nil {
				t.Fatal(err)
			}
			run.history.away(broker.ID, death, time.Now())
			s.operator.awaitPreferred(t)
		}
		run.judge(t, afterReturn+steady)
	}}
}
