package cluster_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"

	"github.com/lagwise/lagwise/scalers/kafka/cluster"
)

// A request that finds no broker only times out. What librdkafka reports on its own says why.

func refused() error {
	return kafka.NewError(kafka.ErrTransport, "kafka:9092: Connect failed: Connection refused", false)
}

func allDown() error { return kafka.NewError(kafka.ErrAllBrokersDown, "1/1 brokers are down", false) }

func badPassword() error {
	return kafka.NewError(kafka.ErrAuthentication, "SASL authentication error: Authentication failed", false)
}

func TestReportsAnswerTheFirstQuestion(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		reports []error
		kind    cluster.Kind
		words   []string
	}{
		"rejected password":              {[]error{badPassword()}, cluster.BadCredentials, []string{"payments", "Authentication failed"}},
		"rejected password, none left":   {[]error{badPassword(), allDown()}, cluster.BadCredentials, []string{"payments", "Authentication failed"}},
		"no broker left, after a reason": {[]error{refused(), allDown()}, cluster.Unreachable, []string{"payments", "Connection refused"}},
		"no broker left":                 {[]error{allDown()}, cluster.Unreachable, []string{"payments", "brokers are down"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				fake, pool := observed(t, cluster.Options{})
				fake.Before(hung)
				for _, report := range test.reports {
					fake.Report(report)
				}
				began := time.Now()
				wantFault(t, subscribe(t, pool, "billing", "orders"), test.kind, test.words...)
				if waited := time.Since(began); waited > 0 {
					t.Errorf("waited %s", waited)
				}
			})
		})
	}
}

// One broker of several may be down while the others answer.
func TestReportsDoNotHarmAClusterThatAnswers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		fake, pool := observed(t, cluster.Options{})
		fake.SetEnd("orders", 0, 7)
		subscription := subscribe(t, pool, "billing", "orders")
		wantEnd(t, subscription, 7)
		fake.Report(refused())
		fake.Report(allDown())
		wait(time.Second)
		wantEnd(t, subscription, 7)
		wantEnd(t, subscribe(t, pool, "shipping", "orders"), 7)
	})
}

func TestReportsExplainTimeOuts(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		fake, pool := observed(t, cluster.Options{})
		fake.SetEnd("orders", 0, 7)
		subscription := subscribe(t, pool, "billing", "orders")
		wantEnd(t, subscription, 7)
		fake.Before(hung)
		for range 20 {
			fake.Report(refused())
			fake.Report(allDown())
			wait(time.Second)
		}
		wantFault(t, subscription, cluster.Unreachable, "Connection refused", "ago")

		// Nothing was reported for long: time-outs are time-outs again.
		wait(time.Minute)
		wantFault(t, subscription, cluster.TimedOut, "timed out")
	})
}

// The session's own group is used by nobody and needs no rights: that it may not be described says nothing about why a
// request timed out.
func TestReportsAboutOneGroupExplainNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		fake, pool := observed(t, cluster.Options{})
		fake.Before(hung)
		subscription := subscribe(t, pool, "billing", "orders")
		for range 10 {
			fake.Report(kafka.NewError(kafka.ErrGroupAuthorizationFailed, "FindCoordinator: Group authorization failed", false))
			wait(time.Second)
		}
		wantFault(t, subscription, cluster.TimedOut, "timed out")
	})
}

// An address where something other than Kafka answers is an address without Kafka.
func TestSomethingOtherThanKafkaAnswers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		fake, pool := observed(t, cluster.Options{})
		fake.Before(hung)
		fake.Report(kafka.NewError(kafka.ErrBadMsg, "Receive failed: Invalid response size 1213486160", false))
		fake.Report(allDown())
		wantFault(t, subscribe(t, pool, "billing", "orders"), cluster.Unreachable, "payments", "Invalid response")
	})
}

// The broker that a group needs may be down alone, or die between two requests of one refresh.
func TestReportsExplainAGroupsTimeOut(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		fake, pool := observed(t, cluster.Options{})
		fake.SetEnd("orders", 0, 7)
		fake.Before(coordinatorless)
		subscription := subscribe(t, pool, "billing", "orders")
		for range 20 {
			fake.Report(refused())
			wait(time.Second)
		}
		wantFault(t, subscription, cluster.Unreachable, "billing", "Connection refused")
	})
}
