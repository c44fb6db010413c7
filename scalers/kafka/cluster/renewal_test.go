package cluster_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lagwise/lagwise/scalers/kafka/cluster"
)

// coordinatorless is a cluster without the broker that groups need: requests for commits are given up unanswered.
func coordinatorless(_ context.Context, call cluster.Call) error {
	if call.Question != cluster.Commits {
		return nil
	}
	time.Sleep(requestTimeout)
	return context.DeadlineExceeded
}

// librdkafka aborts the process when a request to a coordinator ends by its own time-out of an hour.
func TestClientGoesBeforeItsRequestsEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		fake, pool := observed(t, cluster.Options{})
		fake.SetEnd("orders", 0, 7)
		subscription := subscribe(t, pool, "billing", "orders")
		wantEnd(t, subscription, 7)

		// A single request that was given up, of many hours.
		fake.Before(coordinatorless)
		fake.SetEnd("orders", 0, 8)
		wait(refreshInterval + requestTimeout)
		fake.Before(nil)
		wait(25 * time.Minute)
		wantClients(t, fake, 1, 0)
		wait(15 * time.Minute)
		wantClients(t, fake, 2, 1)
		wantEnd(t, subscription, 8)
		wait(2 * time.Hour)
		wantClients(t, fake, 2, 1)

		// A coordinator that stays away.
		fake.Before(coordinatorless)
		wait(3 * time.Hour)
		if opened, closed := fake.Clients(); opened < 2+3 || opened > 2+7 || closed != opened-1 {
			t.Errorf("%d clients were opened and %d closed within three hours", opened, closed)
		}
		fake.Before(nil)
		wait(time.Minute)
		wantEnd(t, subscription, 8)
	})
}

func TestClientGoesBeforeItsRequestsAreMany(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		fake, pool := observed(t, cluster.Options{})
		fake.Before(coordinatorless)
		fake.SetEnd("orders", 0, 7)
		for i := range 600 {
			subscribe(t, pool, fmt.Sprintf("group-%d", i), "orders")
		}
		wait(20 * time.Minute)
		if opened, _ := fake.Clients(); opened < 2 {
			t.Error("the client was not exchanged")
		}
	})
}
