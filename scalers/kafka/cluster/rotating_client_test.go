package cluster_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lagwise/lagwise/scalers/kafka/cluster"
)

// A client is closed when the requests that began on it have ended.
func TestRequestsEndOnTheClientThatTheyBeganWith(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		fake, pool := observed(t, cluster.Options{})
		fake.SetEnd("orders", 0, 7)
		subscription := join(t, pool, withPassword("first"))
		wantEnd(t, subscription, 7)
		fake.Before(func(_ context.Context, call cluster.Call) error {
			if call.Question == cluster.Ends {
				time.Sleep(2 * time.Second)
			}
			return nil
		})
		wait(refreshInterval)
		pool.Renew(withPassword("second"))
		wait(time.Second)
		wantClients(t, fake, 2, 0)
		wait(2 * time.Second)
		wantClients(t, fake, 2, 1)
		wantEnd(t, subscription, 7)
	})
}
