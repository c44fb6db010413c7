package cluster_test

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lagwise/lagwise/scalers/kafka/cluster"
	"github.com/lagwise/lagwise/scalers/lag"
)

// excludePersistentLag compares with what was observed 30 s ago. Keeping everything since would grow with the refresh
// rate and the number of partitions.
func TestHistoryReachesBackWithFewObservations(t *testing.T) {
	t.Parallel()
	const needed, refresh, enough = 30 * time.Second, 500 * time.Millisecond, 12
	synctest.Test(t, func(t *testing.T) {
		fake, pool := observed(t, cluster.Options{RefreshInterval: refresh})
		fake.SetEnd("orders", 0, 0)
		subscription := subscribeFor(t, pool, cluster.Want{
			Group: "billing", Topics: []string{"orders"}, Needs: lag.Needs{History: needed},
		})
		for end := range int64(400) {
			fake.SetEnd("orders", 0, end)
			wait(refresh)
			seen, err := view(t, subscription)
			if err != nil {
				t.Fatal(err)
			}
			if len(seen.History) > enough {
				t.Fatalf("%d observations are kept", len(seen.History))
			}
			if !slices.IsSortedFunc(seen.History, func(a, b lag.Observation) int { return a.At.Compare(b.At) }) {
				t.Fatal("the history is out of order")
			}
			if end < 80 { // it has to fill first
				continue
			}
			oldest := seen.Latest.At.Sub(seen.History[0].At)
			if oldest < needed || oldest > needed*5/4 {
				t.Fatalf("the history reaches back %s, want %s and not much more", oldest, needed)
			}
		}
	})
}

func TestHistoryIsKeptForThoseWhoNeedIt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		fake, pool := observed(t, cluster.Options{})
		fake.SetEnd("orders", 0, 7)
		subscription := subscribe(t, pool, "billing", "orders")
		wait(time.Minute)
		seen, err := view(t, subscription)
		if err != nil || len(seen.History) > 0 {
			t.Errorf("%d observations are kept, %v", len(seen.History), err)
		}
	})
}

// A view that was handed out is somebody's to read, and must not change.
func TestViewsStayAsTheyWere(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		fake, pool := observed(t, cluster.Options{RefreshInterval: time.Second})
		fake.SetEnd("orders", 0, 0)
		subscription := subscribeFor(t, pool, cluster.Want{
			Group: "billing", Topics: []string{"orders"}, Needs: lag.Needs{History: 5 * time.Second},
		})
		type kept struct {
			view lag.View
			ends []int64
		}
		endsOf := func(seen lag.View) (ends []int64) {
			for _, observation := range append(slices.Clone(seen.History), seen.Latest) {
				ends = append(ends, observation.Partitions[0].End)
			}
			return ends
		}
		var views []kept
		for end := range int64(30) {
			fake.SetEnd("orders", 0, end)
			wait(time.Second)
			seen, err := view(t, subscription)
			if err != nil {
				t.Fatal(err)
			}
			views = append(views, kept{seen, endsOf(seen)})
		}
		for _, was := range views {
			if now := endsOf(was.view); !slices.Equal(now, was.ends) {
				t.Errorf("a view of %v became %v", was.ends, now)
			}
		}
	})
}
