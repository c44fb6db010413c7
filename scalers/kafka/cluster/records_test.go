package cluster_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"

	"github.com/lagwise/lagwise/scalers/kafka/cluster"
	"github.com/lagwise/lagwise/scalers/lag"
)

func subscribeTo(t *testing.T, pool *cluster.Pool, group string, needs lag.Needs) *cluster.Subscription {
	t.Helper()
	return subscribeFor(t, pool, cluster.Want{Group: group, Topics: []string{"orders"}, Needs: needs})
}

// recordsOf is what is known of the only partition's records.
func recordsOf(t *testing.T, subscription *cluster.Subscription) lag.Records {
	t.Helper()
	got := partitions(t, subscription)
	if len(got) != 1 || got[0].Facts == nil || got[0].Facts.Records == nil {
		t.Fatalf("observed %+v", got)
	}
	return *got[0].Facts.Records
}

func TestTriggersThatNeedNoRecordsCostNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		fake, pool := observed(t, cluster.Options{})
		fake.SetEnd("orders", 0, 7)
		fake.Commit("billing", "orders", 0, 3)
		subscription := subscribe(t, pool, "billing", "orders")
		wait(time.Minute)
		if calls := fake.TakeCalls(); len(fake.Readers())+count(calls, cluster.Stables)+count(calls, cluster.Starts) > 0 {
			t.Errorf("%d consumers were opened, and asked %v", len(fake.Readers()), calls)
		}
		if seen := partitions(t, subscription); seen[0].Facts != nil {
			t.Errorf("observed %+v", seen)
		}
	})
}

func TestRecordsAreReadFromTheGroupsPosition(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		fake, pool := observed(t, cluster.Options{})
		fake.SetEnd("orders", 0, 4)
		stamped := time.Now()
		fake.Stamp("orders", 0, stamped)
		fake.SetEnd("orders", 0, 7)
		fake.SetStart("orders", 0, 2)
		fake.Commit("billing", "orders", 0, 1)
		fake.Commit("drained", "orders", 0, 7)
		needs := lag.Needs{LogStart: true, Phantom: true, OldestRecord: true}
		billing, drained := subscribeTo(t, pool, "billing", needs), subscribeTo(t, pool, "drained", needs)
		want := lag.Records{From: 2, Through: 7, Count: 1, Offset: 4, Timestamp: stamped, HasTimestamp: true}
		if got := recordsOf(t, billing); got != want {
			t.Errorf("got %+v, want %+v", got, want)
		}
		if seen := partitions(t, drained); seen[0].Facts != nil {
			t.Errorf("observed %+v of a partition without lag", seen[0].Facts)
		}
		// No commit: where a consumer would begin, if that is known.
		latest := subscribeTo(t, pool, "new", needs)
		if seen := partitions(t, latest); seen[0].Facts != nil {
			t.Errorf("observed %+v of a partition without position", seen[0].Facts)
		}
		needs.LogStartWithoutCommit = true
		if got := recordsOf(t, subscribeTo(t, pool, "newer", needs)); got != want {
			t.Errorf("got %+v, want %+v", got, want)
		}
		// All that waited is deleted.
		fake.SetStart("orders", 0, 7)
		wait(refreshInterval)
		if got := recordsOf(t, billing); got != (lag.Records{From: 7, Through: 7}) {
			t.Errorf("got %+v", got)
		}
	})
}

func TestASlowReaderDelaysNobodyElse(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		fake, pool := observed(t, cluster.Options{})
		fake.Stamp("orders", 0, time.Now())
		fake.Commit("plain", "orders", 0, 0)
		fake.Commit("phantom", "orders", 0, 0)
		fake.Commit("age", "orders", 0, 0)
		plain := subscribeTo(t, pool, "plain", lag.Needs{})
		phantom := subscribeTo(t, pool, "phantom", lag.Needs{Phantom: true})
		age := subscribeTo(t, pool, "age", lag.Needs{OldestRecord: true})
		wantEnd(t, age, 1)
		wantEnd(t, phantom, 1)

		fake.Silence(true)
		fake.Stamp("orders", 0, time.Now())
		wait(refreshInterval)
		wantEnd(t, plain, 2)
		wantEnd(t, phantom, 1) // what was observed before serves meanwhile
		wait(time.Second)
		if got := recordsOf(t, phantom); got.Through != 1 || !strings.Contains(got.Unread, "still being read") {
			t.Errorf("got %+v", got)
		}
		wantEnd(t, phantom, 2)
		wantEnd(t, age, 2) // the oldest record is the same
		fake.Commit("age", "orders", 0, 1)
		fake.Commit("phantom", "orders", 0, 2)
		wait(maxSnapshotAge + 2*refreshInterval)
		wantFault(t, age, cluster.TimedOut, `reading topic "orders" partition 0`)
		wantEnd(t, plain, 2)
		wantEnd(t, phantom, 2)

		// A new trigger has no answer until its records were read, or could not be.
		fake.Stamp("orders", 0, time.Now())
		newcomer := subscribeTo(t, pool, "phantom", lag.Needs{Phantom: true})
		wantFault(t, newcomer, cluster.Unfinished, "still under way")
		wait(10 * time.Second)
		wantEnd(t, newcomer, 3)

		fake.Silence(false)
		wait(2 * time.Minute)
		wantEnd(t, age, 3)
	})
}

func TestRecordsThatMayNotBeRead(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		fake, pool := observed(t, cluster.Options{})
		fake.Refuse("records of orders", kafka.NewError(kafka.ErrTopicAuthorizationFailed, "denied", false))
		fake.Stamp("orders", 0, time.Now())
		fake.Commit("billing", "orders", 0, 0)
		wantFault(t, subscribeTo(t, pool, "billing", lag.Needs{OldestRecord: true}), cluster.Denied, `topic "orders" partition 0`)
		if got := recordsOf(t, subscribeTo(t, pool, "billing", lag.Needs{Phantom: true})); got.Through != 0 || !strings.Contains(got.Unread, "denied") {
			t.Errorf("got %+v", got)
		}
	})
}

// What is only to be shown is no reason to have no observation.
func TestWhatIsShownFailsNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		fake, pool := observed(t, cluster.Options{})
		fake.SetEnd("orders", 0, 3)
		stamped := time.Now()
		fake.Stamp("orders", 0, stamped)
		fake.SetEnd("orders", 0, 9)
		fake.SetStart("orders", 0, 2)
		fake.Commit("billing", "orders", 0, 3)
		shown := subscribeTo(t, pool, "billing", lag.Needs{Shown: true})
		if seen := partitions(t, shown); !seen[0].HasStart || seen[0].Start != 2 {
			t.Errorf("observed %+v", seen)
		}
		if got := recordsOf(t, shown); got.Offset != 3 || !got.HasTimestamp || !got.Timestamp.Equal(stamped) {
			t.Errorf("got %+v", got)
		}
		fake.Refuse("records of orders", kafka.NewError(kafka.ErrTopicAuthorizationFailed, "denied", false))
		fake.Commit("billing", "orders", 0, 5)
		wait(2 * refreshInterval)
		if got := recordsOf(t, shown); !strings.Contains(got.Unread, "denied") {
			t.Errorf("got %+v", got)
		}
	})
}

func TestCommittedRecordsEndAtTheLastStableOffset(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		fake, pool := observed(t, cluster.Options{})
		fake.SetEnd("orders", 0, 9)
		fake.SetStable("orders", 0, 5)
		fake.Commit("billing", "orders", 0, 3)
		fake.Commit("careless", "orders", 0, 7)
		needs := lag.Needs{ReadCommitted: true, Phantom: true}
		billing := subscribeTo(t, pool, "billing", needs)
		wantEnd(t, billing, 5)
		wantEnd(t, subscribeTo(t, pool, "careless", needs), 7)
		wantEnd(t, subscribe(t, pool, "billing", "orders"), 9)
		for _, reader := range fake.Readers() {
			if !reader.Committed {
				t.Error("read by a consumer of the wrong isolation level")
			}
		}
		fake.SetStable("orders", 0, 9)
		fake.TakeCalls()
		wait(refreshInterval)
		wantEnd(t, billing, 9)
		if n := count(fake.TakeCalls(), cluster.Stables); n != 1 {
			t.Errorf("asked %d times", n)
		}
	})
}

// Where nothing is committed the oldest record is that of the log's start. Without the start there is no age, and 0 would be one.
func TestAnAgeNeedsTheLogStartWhereNothingIsCommitted(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		fake, pool := observed(t, cluster.Options{})
		fake.Stamp("orders", 0, time.Now())
		needs := lag.Needs{LogStart: true, OldestRecord: true, LogStartWithoutCommit: true}
		fake.Before(func(_ context.Context, call cluster.Call) error {
			if call.Question == cluster.Starts {
				return kafka.NewError(kafka.ErrTransport, "connection reset", false)
			}
			return nil
		})
		wantFault(t, subscribeTo(t, pool, "new", needs), cluster.Unreachable, "orders", "log start", "connection reset")
		needs.OldestRecord = false
		if seen := partitions(t, subscribeTo(t, pool, "counting", needs)); seen[0].HasStart {
			t.Errorf("observed %+v", seen)
		}
		fake.Before(nil)
		fake.Commit("billing", "orders", 0, 0)
		recordsOf(t, subscribeTo(t, pool, "billing", lag.Needs{OldestRecord: true, LogStartWithoutCommit: true}))
	})
}
