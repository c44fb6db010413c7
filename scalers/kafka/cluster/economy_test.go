package cluster_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"

	"github.com/lagwise/lagwise/scalers/kafka/cluster"
)

// Two groups read the same topic; one has read all of it, the other has not.
func TestAGroupIsAskedOnlyWhileItMayHaveMoved(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		fake, pool := observed(t, cluster.Options{})
		fake.SetEnd("orders", 0, 7)
		fake.Commit("drained", "orders", 0, 7)
		fake.Commit("behind", "orders", 0, 5)
		drained, behind := subscribe(t, pool, "drained", "orders"), subscribe(t, pool, "behind", "orders")
		wantEnd(t, drained, 7)
		wantEnd(t, behind, 7)
		asked := func(group string, during time.Duration) (n int) {
			fake.TakeCalls()
			wait(during)
			for _, call := range fake.TakeCalls() {
				if call.Question == cluster.Commits && call.Names[0] == group {
					n++
				}
			}
			return n
		}
		if n := asked("drained", refreshInterval); n != 0 {
			t.Errorf("the group without lag was asked %d times", n)
		}
		if n := asked("behind", 3*refreshInterval); n != 3 {
			t.Errorf("the group with lag was asked %d times, want 3", n)
		}
		fake.SetEnd("orders", 0, 8)
		if n := asked("drained", refreshInterval); n != 1 {
			t.Errorf("the group was asked %d times after a record came, want 1", n)
		}
		fake.Commit("drained", "orders", 0, 8)
		wait(2 * refreshInterval)
		if n := asked("drained", time.Minute); n < 3 || n > 8 {
			t.Errorf("the group was asked %d times in a minute without news, want about every 10 s", n)
		}
	})
}

// A group that has read everything may be reset to an earlier offset, which moves no log end.
func TestAGroupThatIsResetIsNoticedSoon(t *testing.T) {
	t.Parallel()
	const bound = 20 * time.Second
	synctest.Test(t, func(t *testing.T) {
		fake, pool := observed(t, cluster.Options{})
		fake.SetEnd("orders", 0, 7)
		var resting []*cluster.Subscription
		for i := range 100 {
			fake.Commit(fmt.Sprintf("group-%d", i), "orders", 0, 7)
			resting = append(resting, subscribe(t, pool, fmt.Sprintf("group-%d", i), "orders"))
		}
		wait(10 * time.Minute)
		for i := range resting {
			fake.Commit(fmt.Sprintf("group-%d", i), "orders", 0, 0)
		}
		wait(bound)
		for i, subscription := range resting {
			if got := partitions(t, subscription)[0].Committed; got != 0 {
				t.Errorf("group %d: committed %d %s after a reset to 0", i, got, bound)
			}
		}
	})
}

func TestTopicsAreDescribedRarely(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		fake, pool := observed(t, cluster.Options{})
		fake.SetEnd("orders", 0, 7)
		wantEnd(t, subscribe(t, pool, "billing", "orders"), 7)
		fake.TakeCalls()
		wait(time.Minute)
		if n := count(fake.TakeCalls(), cluster.Topics); n < 1 || n > 3 {
			t.Errorf("described %d times in a minute, want about every 30 s", n)
		}
	})
}

// A refresh of ten thousand groups may take longer than an observation may usually grow old. That is no outage.
func TestALongRefreshIsNoOutage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		fake, pool := observed(t, cluster.Options{})
		fake.SetEnd("orders", 0, 7)
		fake.Commit("billing", "orders", 0, 5)
		subscription := subscribe(t, pool, "billing", "orders")
		wantEnd(t, subscription, 7)
		slow := func(_ context.Context, call cluster.Call) error {
			if call.Question == cluster.Commits {
				time.Sleep(6 * time.Second)
			}
			return nil
		}
		fake.Before(slow)
		wait(time.Minute)
		for range 60 {
			wait(time.Second)
			wantEnd(t, subscription, 7)
		}
		// Three cycles without news are one.
		fake.Before(dead)
		wait(time.Minute)
		wantFault(t, subscription, cluster.Unreachable)
	})
}

// A topic that was just made has partitions without a leader for a moment.
func TestANewcomersPassingFaultIsNotLeftToTheNextRefresh(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		fake, pool := observed(t, cluster.Options{})
		fake.SetEnd("orders", 0, 7)
		fake.Refuse("orders", kafka.NewError(kafka.ErrNotLeaderForPartition, "not leader", false))
		subscription := subscribe(t, pool, "billing", "orders")
		wantFault(t, subscription, cluster.Unreachable, "not leader")
		fake.Refuse("orders", nil)
		wait(time.Second)
		wantEnd(t, subscription, 7)
	})
}
