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

// Members cost a request for each group, so they are asked for by those who need them, and while there is lag.
func TestMembersAreAskedForWhileThereIsLag(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		fake, pool := observed(t, cluster.Options{RefreshInterval: 5 * time.Second})
		for id := range int32(3) {
			fake.SetEnd("orders", id, 100)
			fake.Commit("billing", "orders", id, 100)
			fake.Commit("plain", "orders", id, 0)
		}
		fake.SetEnd("orders", 3, 0) // and nobody has committed
		fake.Join("billing", "b", "orders", 2, 1)
		fake.Join("billing", "a", "orders", 0)
		fake.Join("billing", "c", "refunds", 0)
		subscribe(t, pool, "plain", "orders")
		subscription := subscribeFor(t, pool, cluster.Want{Group: "billing", Topics: []string{"orders"}, Needs: lag.Needs{Standing: time.Minute}})
		wait(7 * time.Second)
		if asked := count(fake.TakeCalls(), cluster.Members); asked != 0 {
			t.Errorf("asked %d times, and there is no lag", asked)
		}

		fake.SetEnd("orders", 1, 150)
		began := time.Now()
		wait(5 * time.Second)
		group := groupOf(t, subscription)
		if len(group.Members) != 3 || !group.Told || group.Most != 3 {
			t.Fatalf("group %+v", group)
		}
		for i, want := range []lag.Member{{ID: "a", Reads: []int{0}}, {ID: "b", Reads: []int{1, 2}}, {ID: "c"}} {
			got := group.Members[i]
			if got.ID != want.ID || len(got.Reads) != len(want.Reads) || len(want.Reads) > 0 && got.Reads[0] != want.Reads[0] {
				t.Errorf("member %+v, want %+v", got, want)
			}
		}
		if sent := requests(t, pool.Status()[0], "DescribeGroups").Sent; sent == 0 {
			t.Error("it is not counted that they were asked for")
		}
		fake.Before(func(_ context.Context, call cluster.Call) error {
			if call.Question == cluster.Members {
				return errors.New("no coordinator")
			}
			return nil
		})
		wait(time.Minute)
		group = groupOf(t, subscription)
		if group.Told || group.Most != 3 || len(group.Standing) != 1 || group.Standing[0].Since.After(began.Add(5*time.Second)) {
			t.Errorf("where nobody tells: %+v", group)
		}
	})
}

// Nobody can commit while Kafka is away, and nobody sees whether somebody does: commits have not stood still in that time.
func TestNothingStallsInAnOutage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		fake, pool := observed(t, cluster.Options{RefreshInterval: refreshInterval})
		fake.SetEnd("orders", 0, 100)
		fake.Commit("billing", "orders", 0, 40)
		fake.Join("billing", "a", "orders", 0)
		subscription := subscribeFor(t, pool, cluster.Want{Group: "billing", Topics: []string{"orders"}, Needs: lag.Needs{Standing: 10 * time.Minute}})
		wait(time.Minute)
		began := groupOf(t, subscription).Standing[0].Since

		fake.Before(dead)
		wait(maxSnapshotAge - 2*refreshInterval)
		fake.Before(nil)
		wait(2 * refreshInterval)
		if since := groupOf(t, subscription).Standing[0].Since; !since.Equal(began) {
			t.Errorf("what was served all the while is forgotten: standing since %v, want %v", since, began)
		}

		fake.Before(dead)
		wait(20 * time.Minute)
		back := time.Now()
		fake.Before(nil)
		wait(2 * refreshInterval)
		if since := groupOf(t, subscription).Standing[0].Since; since.Before(back) {
			t.Errorf("standing since %v, in an outage that ended at %v", since, back)
		}
	})
}

func groupOf(t *testing.T, subscription *cluster.Subscription) *lag.Group {
	t.Helper()
	view, err := subscription.View(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if view.Latest.Group == nil {
		t.Fatal("nothing is told of the group")
	}
	return view.Latest.Group
}
