package cluster_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lagwise/lagwise/scalers/kafka/cluster"
	"github.com/lagwise/lagwise/scalers/lag"
)

// Log ends are read before commits. A commit that was made in between lies past the end that was read, and not past the log's.
func TestOnlyACommitPastTheLogIsPastTheEnd(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		needs     lag.Needs
		committed int64
		want      int64
	}{
		"made between the readings":                  {lag.Needs{}, 12, 0},
		"the same, up to the last stable offset":     {lag.Needs{ReadCommitted: true}, 12, 0},
		"of a log that was truncated":                {lag.Needs{}, 100, 88},
		"of a truncated log, by last stable offsets": {lag.Needs{ReadCommitted: true}, 100, 88},
	} {
		synctest.Test(t, func(t *testing.T) {
			fake, pool := observed(t, cluster.Options{})
			fake.SetEnd("orders", 0, 7)
			fake.SetStable("orders", 0, 7)
			fake.Commit("billing", "orders", 0, 7)
			subscription := subscribeFor(t, pool, cluster.Want{Group: "billing", Topics: []string{"orders"}, Needs: test.needs})
			wait(time.Second)
			if got := partitions(t, subscription); got[0].PastEnd() != 0 {
				t.Errorf("%s: at first %+v", name, got)
			}
			between := false
			fake.Before(func(_ context.Context, call cluster.Call) error {
				if call.Question == cluster.Commits && !between {
					between = true
					fake.SetEnd("orders", 0, 12)
					fake.Commit("billing", "orders", 0, test.committed)
				}
				return nil
			})
			fake.SetEnd("orders", 0, 8) // has the group asked again
			wait(refreshInterval)
			if got := partitions(t, subscription); !between || got[0].End != 12 || got[0].PastEnd() != test.want {
				t.Errorf("%s: %+v, want %d past the end", name, got, test.want)
			}
		})
	}
}
