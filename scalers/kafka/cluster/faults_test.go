package cluster_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"

	"github.com/lagwise/lagwise/scalers/kafka/cluster"
)

func TestTroubleOfOneTriggerIsItsOwn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		fake, pool := observed(t, cluster.Options{})
		for _, topic := range []string{"orders", "secret"} {
			fake.SetEnd(topic, 0, 7)
		}
		fake.Refuse("secret", kafka.NewError(kafka.ErrTopicAuthorizationFailed, "denied", false))
		fake.Refuse("spies", kafka.NewError(kafka.ErrGroupAuthorizationFailed, "denied", false))
		good := subscribe(t, pool, "billing", "orders")
		absent := subscribe(t, pool, "billing", "absent")
		denied := subscribe(t, pool, "billing", "secret")
		deniedGroup := subscribe(t, pool, "spies", "orders")
		deniedDiscovery := subscribe(t, pool, "spies")

		for range 3 {
			wantEnd(t, good, 7)
			wantFault(t, absent, cluster.UnknownTopic, "absent")
			wantFault(t, denied, cluster.Denied, "secret")
			wantFault(t, deniedGroup, cluster.Denied, "spies")
			wantFault(t, deniedDiscovery, cluster.Denied, "spies")
			wait(refreshInterval)
		}

		fake.Refuse("secret", nil)
		fake.Refuse("spies", nil)
		fake.SetEnd("absent", 0, 7)
		wait(refreshInterval)
		for _, mended := range []*cluster.Subscription{absent, denied, deniedGroup} {
			wantEnd(t, mended, 7)
		}
	})
}

func TestTroubleOfTheClusterIsEverybodys(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		fake, pool := observed(t, cluster.Options{})
		fake.Before(dead)
		for _, subscription := range []*cluster.Subscription{
			subscribe(t, pool, "billing", "orders"), subscribe(t, pool, "shipping", "refunds"),
		} {
			wantFault(t, subscription, cluster.Unreachable, "connection refused")
		}
	})
}

func TestListWithAbsentTopics(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		fake, pool := observed(t, cluster.Options{})
		fake.SetEnd("orders", 0, 7)
		seen, err := view(t, subscribe(t, pool, "billing", "nowhere", "orders", "neither"))
		if err != nil {
			t.Fatal(err)
		}
		if missing := seen.Latest.MissingTopics; len(missing) != 2 || missing[0] != "nowhere" || missing[1] != "neither" {
			t.Errorf("missing topics are %v", missing)
		}
		if got := seen.Latest.Partitions; len(got) != 1 || got[0].Topic != "orders" {
			t.Errorf("observed %+v", got)
		}
		wantFault(t, subscribe(t, pool, "billing", "nowhere", "neither"), cluster.UnknownTopic, "nowhere", "neither")
	})
}

func TestTopicsOfAGroup(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		fake, pool := observed(t, cluster.Options{})
		for _, topic := range []string{"orders", "refunds", "others"} {
			fake.SetEnd(topic, 0, 7)
			fake.SetEnd(topic, 1, 7)
		}
		all := subscribe(t, pool, "billing")
		if got := partitions(t, all); len(got) != 0 {
			t.Errorf("observed %+v for a group without commits", got)
		}
		fake.Commit("billing", "refunds", 1, 5)
		fake.Commit("billing", "orders", 0, 5)
		fake.Commit("shipping", "others", 0, 5)
		wait(refreshInterval)
		got := partitions(t, all)
		if len(got) != 4 || got[0].Topic != "orders" || got[3].Topic != "refunds" || got[2].HasCommitted || !got[3].HasCommitted {
			t.Errorf("observed %+v, want both partitions of both topics in order", got)
		}
	})
}

// While the cluster fails it is left alone, more and more, and nobody who asks waits for it.
func TestFailingClusterIsLeftAlone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		fake, pool := observed(t, cluster.Options{})
		fake.Before(dead)
		wantFault(t, subscribe(t, pool, "billing", "orders"), cluster.Unreachable)
		fake.TakeCalls()
		const minutes = 10
		wait(minutes * time.Minute)
		// At most 5 s apart, and at a random moment before that.
		if n := len(fake.TakeCalls()); n < minutes*60/6 || n > minutes*60 {
			t.Errorf("%d attempts in %d minutes", n, minutes)
		}

		began := time.Now()
		wantFault(t, subscribe(t, pool, "shipping", "orders"), cluster.Unreachable, "connection refused")
		if waited := time.Since(began); waited > 0 {
			t.Errorf("a newcomer waited %s", waited)
		}
		if calls := fake.TakeCalls(); len(calls) > 0 {
			t.Errorf("a newcomer caused %v", calls)
		}
	})
}

func TestClusterComesBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		fake, pool := observed(t, cluster.Options{})
		fake.SetEnd("orders", 0, 7)
		fake.Before(dead)
		subscription := subscribe(t, pool, "billing", "orders")
		wantFault(t, subscription, cluster.Unreachable)
		wait(10 * time.Minute)
		fake.Before(nil)
		wait(6 * time.Second)
		wantEnd(t, subscription, 7)
		wait(refreshInterval)
		fake.SetEnd("orders", 0, 8)
		wait(refreshInterval)
		wantEnd(t, subscription, 8)
	})
}

func TestOldObservation(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		trouble func(context.Context, cluster.Call) error
		kind    cluster.Kind
		word    string
	}{
		"of a dead cluster": {dead, cluster.Unreachable, "connection refused"},
		"of a hung cluster": {hung, cluster.TimedOut, "timed out"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				fake, pool := observed(t, cluster.Options{})
				fake.SetEnd("orders", 0, 7)
				subscription := subscribe(t, pool, "billing", "orders")
				wantEnd(t, subscription, 7)
				fake.Before(test.trouble)
				wait(maxSnapshotAge)
				wantEnd(t, subscription, 7)

				wait(time.Second)
				began := time.Now()
				wantFault(t, subscription, test.kind, test.word, "16s ago")
				if waited := time.Since(began); waited > 0 {
					t.Errorf("the fault took %s", waited)
				}

				fake.Before(nil)
				wait(15 * time.Second)
				wantEnd(t, subscription, 7)
			})
		})
	}
}

// A request that hangs longer than an observation may grow old has no error yet that could be told.
func TestOldObservationWithoutAnError(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		fake, pool := observed(t, cluster.Options{})
		fake.SetEnd("orders", 0, 7)
		subscription := subscribe(t, pool, "billing", "orders")
		wantEnd(t, subscription, 7)
		fake.Before(func(ctx context.Context, _ cluster.Call) error {
			<-ctx.Done()
			return ctx.Err()
		})
		wait(time.Minute)
		wantFault(t, subscription, cluster.Stale, "1m0s old")
	})
}

func TestFirstAnswerIsNotWaitedForForEver(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		fake, pool := observed(t, cluster.Options{})
		fake.Before(hung)
		began := time.Now()
		wantFault(t, subscribe(t, pool, "billing", "orders"), cluster.Unfinished, "payments")
		if waited := time.Since(began); waited != handlerTime {
			t.Errorf("waited %s, want %s", waited, handlerTime)
		}
		synctest.Wait()
	})
}

// A partition without leader may stay so for hours. Its triggers, which have no answer yet, are observed soon again at first, and
// then in their turn like all others.
func TestATopicThatStaysWithoutLeaderIsLeftAlone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		fake, pool := observed(t, cluster.Options{})
		fake.SetEnd("orders", 0, 7)
		fake.Refuse("orders", kafka.NewError(kafka.ErrLeaderNotAvailable, "no leader", false))
		subscription := subscribe(t, pool, "billing", "orders")
		wantFault(t, subscription, cluster.Unreachable, "no leader")
		wait(2 * time.Second)
		if n := count(fake.TakeCalls(), cluster.Topics); n < 3 {
			t.Errorf("%d attempts in the first 2 s", n)
		}
		const minutes = 10
		wait(minutes * time.Minute)
		if n := count(fake.TakeCalls(), cluster.Topics); n > 4*minutes*60/int(refreshInterval/time.Second) {
			t.Errorf("%d attempts in %d minutes", n, minutes)
		}
		fake.Refuse("orders", nil)
		wait(refreshInterval)
		wantEnd(t, subscription, 7)
	})
}
