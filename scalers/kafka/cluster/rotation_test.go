package cluster_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"

	"github.com/lagwise/lagwise/scalers/kafka/cluster"
)

// withPassword is the connection of the test's cluster with a password.
func withPassword(password cluster.Secret) cluster.Connection {
	connection := payments()
	connection.SASL = &cluster.SASL{Mechanism: cluster.Plain, Username: "lagwise", Password: password}
	return connection
}

func join(t *testing.T, pool *cluster.Pool, connection cluster.Connection) *cluster.Subscription {
	t.Helper()
	subscription, err := pool.Subscribe(connection, cluster.Want{Group: "billing", Topics: []string{"orders"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = subscription.Close() })
	return subscription
}

// Kafka may learn of a new password long after lagwise. Until then the old client goes on, and nobody notices.
func TestNewCredentialsAreUsedOnceTheyWork(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		fake, pool := observed(t, cluster.Options{})
		fake.SetEnd("orders", 0, 7)
		subscription := join(t, pool, withPassword("first"))
		wantEnd(t, subscription, 7)

		fake.Before(func(_ context.Context, call cluster.Call) error {
			if call.Question == cluster.Brokers { // what new credentials are tried with
				return kafka.NewError(kafka.ErrTimedOut, "no answer", false)
			}
			return nil
		})
		pool.Renew(withPassword("second"))
		wait(10 * time.Minute)
		opened, closed := fake.Clients()
		if closed != opened-1 || opened < 10 || opened > 30 {
			t.Errorf("%d clients were opened and %d closed in ten minutes of new credentials that do not work", opened, closed)
		}
		fake.SetEnd("orders", 0, 8)
		wait(refreshInterval)
		wantEnd(t, subscription, 8)

		opened, _ = fake.Clients()
		fake.Before(nil)
		wait(2 * time.Minute)
		wantClients(t, fake, opened+1, opened)
		if password := fake.LastOpened().SASL.Password; password != cluster.Secret("second") {
			t.Error("the client that stays has another password")
		}
		wantEnd(t, subscription, 8)

		// Whoever still has the old password, and whoever has the new one, joins the same session.
		wantEnd(t, join(t, pool, withPassword("first")), 8)
		wantEnd(t, join(t, pool, withPassword("second")), 8)
		wantClients(t, fake, opened+1, opened)
	})
}

// Only the session whose credentials are exchanged is touched, and the last one out closes it as any other.
func TestOtherSessionsStay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		fake, pool := observed(t, cluster.Options{})
		fake.SetEnd("orders", 0, 7)
		elsewhere, anonymous := withPassword("first"), payments()
		elsewhere.Name = "elsewhere"
		rotated := join(t, pool, withPassword("first"))
		wantEnd(t, rotated, 7)
		wantEnd(t, join(t, pool, elsewhere), 7)
		wantEnd(t, join(t, pool, anonymous), 7)
		pool.Renew(withPassword("second"))
		wait(time.Second)
		wantClients(t, fake, 4, 1)
		pool.Renew(withPassword("second")) // already in use
		wait(time.Second)
		wantClients(t, fake, 4, 1)
		closeTwice(t, rotated)
		wait(time.Second)
		wantClients(t, fake, 4, 2)
	})
}

// Of several exchanges the newest counts, also back to where it began.
func TestTheNewestCredentialsCount(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		fake, pool := observed(t, cluster.Options{})
		fake.SetEnd("orders", 0, 7)
		subscription := join(t, pool, withPassword("first"))
		wantEnd(t, subscription, 7)
		for _, password := range []cluster.Secret{"second", "third", "first"} {
			pool.Renew(withPassword(password))
		}
		wait(time.Minute)
		if fake.LastOpened().SASL.Password != cluster.Secret("first") {
			t.Error("the client has another password")
		}
		wantEnd(t, subscription, 7)
		wantEnd(t, join(t, pool, withPassword("first")), 7)
		if opened, closed := fake.Clients(); closed != opened-1 {
			t.Errorf("%d clients were opened and %d closed, want one session", opened, closed)
		}
	})
}
