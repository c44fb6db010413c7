package cluster_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lagwise/lagwise/scalers/kafka/cluster"
)

func TestLastOneOutClosesTheSession(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		fake, pool := observed(t, cluster.Options{})
		fake.SetEnd("orders", 0, 7)
		first, second := subscribe(t, pool, "billing", "orders"), subscribe(t, pool, "shipping", "orders")
		wantEnd(t, first, 7)
		wantEnd(t, second, 7)
		closeTwice(t, first)
		wait(refreshInterval)
		wantClients(t, fake, 1, 0)

		closeTwice(t, second)
		wait(time.Second)
		wantClients(t, fake, 1, 1)
		fake.TakeCalls()
		wait(time.Minute)
		if calls := fake.TakeCalls(); len(calls) > 0 {
			t.Errorf("nobody subscribes, and yet Kafka is asked: %v", calls)
		}

		wantEnd(t, subscribe(t, pool, "billing", "orders"), 7)
		wantClients(t, fake, 2, 1)
	})
}

// closeTwice: closing again is nobody else's leaving.
func closeTwice(t *testing.T, subscription *cluster.Subscription) {
	t.Helper()
	for range 2 {
		if err := subscription.Close(); err != nil {
			t.Error(err)
		}
	}
}

func wantClients(t *testing.T, fake *cluster.FakeKafka, wantOpened, wantClosed int) {
	t.Helper()
	if opened, closed := fake.Clients(); opened != wantOpened || closed != wantClosed {
		t.Errorf("%d clients opened and %d closed, want %d and %d", opened, closed, wantOpened, wantClosed)
	}
}

// A session acts for an identity: only those who have the same one may share it.
func TestSessionsAreSharedByEqualConnections(t *testing.T) {
	t.Parallel()
	one := payments()
	one.SASL = &cluster.SASL{Mechanism: cluster.Plain, Username: "lagwise", Password: "right"}
	one.TLS = &cluster.TLS{CA: "authority"}
	changed := func(change func(*cluster.Connection)) cluster.Connection {
		sasl, tls := *one.SASL, *one.TLS
		other := one
		other.SASL, other.TLS = &sasl, &tls
		change(&other)
		return other
	}
	synctest.Test(t, func(t *testing.T) {
		fake, pool := observed(t, cluster.Options{})
		for name, test := range map[string]struct {
			other  cluster.Connection
			shared bool
		}{
			"equal":           {changed(func(*cluster.Connection) {}), true},
			"other password":  {changed(func(c *cluster.Connection) { c.SASL.Password = "other" }), false},
			"other user":      {changed(func(c *cluster.Connection) { c.SASL.Username = "other" }), false},
			"other mechanism": {changed(func(c *cluster.Connection) { c.SASL.Mechanism = cluster.ScramSHA256 }), false},
			"no user":         {changed(func(c *cluster.Connection) { c.SASL = nil }), false},
			"other authority": {changed(func(c *cluster.Connection) { c.TLS.CA = "other" }), false},
			"other key":       {changed(func(c *cluster.Connection) { c.TLS.Key = "other" }), false},
			"no verification": {changed(func(c *cluster.Connection) { c.TLS.SkipVerify = true }), false},
			"no TLS":          {changed(func(c *cluster.Connection) { c.TLS = nil }), false},
			"other brokers":   {changed(func(c *cluster.Connection) { c.BootstrapServers = []string{"kafka:9093"} }), false},
		} {
			before, _ := fake.Clients()
			for _, connection := range []cluster.Connection{one, test.other} {
				subscription, err := pool.Subscribe(connection, cluster.Want{Group: "billing", Topics: []string{"orders"}})
				if err != nil {
					t.Fatal(err)
				}
				defer func() { _ = subscription.Close() }()
			}
			synctest.Wait()
			after, _ := fake.Clients()
			wantNew := 1
			if test.shared || before == 0 {
				wantNew = after - before // what opens for the first of all says nothing
			}
			if test.shared && after > before+1 || after-before != wantNew {
				t.Errorf("%s: %d new clients", name, after-before)
			}
		}
	})
}

func TestTooManySessions(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		_, pool := observed(t, cluster.Options{MaxSessions: 1})
		first := subscribe(t, pool, "billing", "orders")
		other := cluster.Connection{Name: "other", BootstrapServers: []string{"other:9092"}}
		_, err := pool.Subscribe(other, cluster.Want{Group: "billing"})
		if fault, ok := errors.AsType[*cluster.Fault](err); !ok || fault.Kind != cluster.Exhausted {
			t.Errorf("a second session gives %v", err)
		}
		closeTwice(t, first)
		if _, err := pool.Subscribe(other, cluster.Want{Group: "billing"}); err != nil {
			t.Errorf("there is room again, and yet: %v", err)
		}
	})
}

func TestListenersHearOfEachObservation(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		fake, pool := observed(t, cluster.Options{})
		fake.SetEnd("orders", 0, 7)
		subscription := subscribe(t, pool, "billing", "orders")
		wantEnd(t, subscription, 7)
		changed, stop := subscription.Listen()
		defer stop()
		for end := range int64(3) {
			fake.SetEnd("orders", 0, end)
			wait(refreshInterval)
			select {
			case <-changed:
			default:
				t.Errorf("nobody was told that the end is %d", end)
			}
			wantEnd(t, subscription, end)
		}
		wait(time.Minute) // a listener that does not listen holds nobody up
		wantEnd(t, subscription, 2)
	})
}
