package cluster_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/lagwise/lagwise/scalers/kafka/cluster"
)

func TestAGlanceSeesWhatIsFreshAndNothingElse(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		fake, pool := observed(t, cluster.Options{})
		fake.SetEnd("orders", 0, 7)
		fake.Before(hung)
		subscription := subscribe(t, pool, "billing", "orders")
		glances := func(want bool) {
			t.Helper()
			synctest.Wait()
			began := time.Now()
			view, fresh := subscription.Glance()
			if fresh != want || fresh && view.Latest.Partitions[0].End != 7 {
				t.Errorf("fresh is %v, want %v; saw %+v", fresh, want, view.Latest)
			}
			if time.Since(began) > 0 {
				t.Error("a glance waited")
			}
		}
		glances(false)
		fake.Before(nil)
		wait(requestTimeout + refreshInterval)
		wantEnd(t, subscription, 7)
		glances(true)
		fake.Before(dead)
		wait(maxSnapshotAge - refreshInterval)
		glances(true)
		wait(2 * refreshInterval)
		glances(false)
	})
}
