//go:build kafka

package kafkacluster_test

import (
	"testing"
	"time"

	"github.com/lagwise/lagwise/test/realkafka"
)

// controllerFailover kills the active controller, and freezes the next one. No leader and no coordinator changes, so no trigger
// may return an error.
func controllerFailover() scenario {
	return scenario{name: "controller-failover", run: func(t *testing.T, c *testCluster) {
		t.Helper()
		const outage = 10 * time.Second // an election takes a quarter of that
		observed := c.observe(t)
		first := c.activeController(t)
		t.Cleanup(func() { ensureRunning(t, first) })
		first.Kill()
		observed.history.happened("the death of the active controller", time.Now())
		time.Sleep(outage)
		if err := first.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		observed.history.happened("the restart of that controller", time.Now())
		c.admin.awaitPreferredLeaders(t)

		second := c.activeController(t)
		t.Cleanup(func() { ensureRunning(t, second) })
		if err := second.Freeze(); err != nil {
			t.Fatal(err)
		}
		observed.history.happened("the freezing of the active controller", time.Now())
		time.Sleep(outage)
		if err := second.Thaw(); err != nil {
			t.Fatal(err)
		}
		observed.history.happened("the thawing of that controller", time.Now())
		c.admin.awaitPreferredLeaders(t)
		observed.finish(t, margin)
	}}
}

func (c *testCluster) activeController(t *testing.T) *realkafka.Member {
	t.Helper()
	id := c.admin.activeController(t)
	for _, controller := range c.Controllers {
		if controller.ID == id {
			return controller
		}
	}
	t.Fatalf("no controller has the node id %d", id)
	return nil
}

// coordinatorsMove reassigns every replicated partition of __consumer_offsets to the brokers that do not lead it, and back. The
// way back ends with an election of preferred leaders. All brokers are running.
func coordinatorsMove() scenario {
	return scenario{name: "coordinators-move", run: func(t *testing.T, c *testCluster) {
		t.Helper()
		// A trigger that asks the wrong broker returns errors once its last observation is stale: before errors are not tolerated.
		const observedFor = afterDeath + 2*refreshInterval
		observed := c.observe(t)
		away, home := map[int32][]int32{}, map[int32][]int32{}
		var moving []int32
		for partition := range int32(replicatedOffsets) {
			brokers := allBrokers(partition%3 + 1)
			home[partition], away[partition] = brokers, brokers[1:]
			moving = append(moving, partition)
		}
		t.Cleanup(func() { c.admin.reassign(t, offsetsTopic, home) })

		began := time.Now()
		c.admin.reassign(t, offsetsTopic, away)
		c.admin.awaitPreferredLeaders(t)
		observed.history.moved("the reassignment of "+offsetsTopic, began, time.Now())
		time.Sleep(observedFor)

		began = time.Now()
		c.admin.reassign(t, offsetsTopic, home)
		c.admin.awaitPartitions(t, allInSync)
		c.admin.electPreferred(t, offsetsTopic, moving...)
		c.admin.awaitPreferredLeaders(t)
		observed.history.moved("the election of preferred leaders of "+offsetsTopic, began, time.Now())
		observed.finish(t, observedFor)
	}}
}

// rollingRestart restarts every broker, one after the other, each once the replicas of the one before are in sync.
func rollingRestart() scenario {
	return scenario{name: "rolling-restart", run: func(t *testing.T, c *testCluster) {
		t.Helper()
		observed := c.observe(t)
		observed.history.longestError = afterReturn
		for _, broker := range c.Brokers {
			t.Cleanup(func() { ensureRunning(t, broker) })
			death := time.Now()
			broker.Shutdown()
			gone := time.Now()
			if err := broker.Start(t.Context()); err != nil {
				t.Fatal(err)
			}
			observed.history.left(broker.ID, death, gone, time.Now())
			c.admin.awaitPreferredLeaders(t)
		}
		observed.finish(t, afterReturn+margin)
	}}
}
