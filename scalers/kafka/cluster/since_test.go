package cluster_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lagwise/lagwise/scalers/kafka/cluster"
	"github.com/lagwise/lagwise/scalers/lag"
)

func TestFirstRecordsAreAskedForByThoseWhoNeedThem(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		fake, pool := observed(t, cluster.Options{RefreshInterval: 5 * time.Second})
		fake.SetEnd("orders", 0, 7)
		subscribe(t, pool, "plain", "orders")
		wait(time.Second)
		if asked := count(fake.TakeCalls(), cluster.Firsts); asked != 0 {
			t.Errorf("asked %d times, and nobody needs it", asked)
		}
		needs := lag.Needs{Since: []time.Duration{time.Minute, time.Hour}}
		subscription := subscribeFor(t, pool, cluster.Want{Group: "billing", Topics: []string{"orders"}, Needs: needs})
		wait(time.Second)
		wantSince(t, subscription, lag.Since{Age: time.Minute}, lag.Since{Age: time.Hour})

		stamped := time.Now()
		fake.Stamp("orders", 0, stamped)
		wait(5 * time.Second)
		wantSince(t, subscription,
			lag.Since{Age: time.Minute, Found: true, Offset: 7, Timestamp: stamped},
			lag.Since{Age: time.Hour, Found: true, Offset: 7, Timestamp: stamped})
		wait(time.Minute)
		wantSince(t, subscription, lag.Since{Age: time.Minute}, lag.Since{Age: time.Hour, Found: true, Offset: 7, Timestamp: stamped})

		fake.Before(func(_ context.Context, call cluster.Call) error {
			if call.Question == cluster.Firsts {
				return errors.New("no index")
			}
			return nil
		})
		wait(5 * time.Second)
		wantSince(t, subscription)
	})
}

func wantSince(t *testing.T, subscription *cluster.Subscription, want ...lag.Since) {
	t.Helper()
	got := partitions(t, subscription)
	if len(got) != 1 || got[0].Facts == nil || len(got[0].Facts.Since) != len(want) {
		t.Errorf("observed %+v, want %v", got, want)
		return
	}
	for i, since := range got[0].Facts.Since {
		if since != want[i] {
			t.Errorf("observed %+v, want %+v", since, want[i])
		}
	}
}
