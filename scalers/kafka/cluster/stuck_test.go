package cluster_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lagwise/lagwise/scalers/kafka/cluster"
)

// A group whose coordinator does not answer makes every refresh last as long as a request may. The other triggers are
// observed all the same, and an outage that follows is noticed no later for it.
func TestStuckGroupHarmsNobodyElse(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		fake, pool := observed(t, cluster.Options{})
		fake.SetEnd("orders", 0, 7)
		fake.Before(func(_ context.Context, call cluster.Call) error {
			if call.Question == cluster.Commits && call.Names[0] == "stuck" {
				time.Sleep(requestTimeout)
				return context.DeadlineExceeded
			}
			return nil
		})
		good, stuck := subscribe(t, pool, "billing", "orders"), subscribe(t, pool, "stuck", "orders")
		wait(time.Minute)
		for range 60 {
			wait(time.Second)
			wantEnd(t, good, 7)
		}
		wantFault(t, stuck, cluster.TimedOut, "stuck")

		fake.Before(dead)
		wait(maxSnapshotAge + time.Second)
		wantFault(t, good, cluster.Unreachable, "connection refused")
	})
}

// Requests may not last so long that a single one that is stuck makes everybody's observation too old to serve.
func TestRequestsEndWellBeforeObservationsAreOld(t *testing.T) {
	t.Parallel()
	if got := cluster.RequestTimeoutOf(cluster.Options{}); got != 5*time.Second {
		t.Errorf("by default a request may last %s, want 5s", got)
	}
	if got := cluster.RequestTimeoutOf(cluster.Options{RefreshInterval: time.Second}); got != time.Second {
		t.Errorf("at a refresh every second a request may last %s, want 1s", got)
	}
}
