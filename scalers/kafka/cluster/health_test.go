package cluster_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"
	"github.com/twmb/franz-go/pkg/kerr"

	"github.com/lagwise/lagwise/scalers/kafka/cluster"
)

// A new trigger's first question is answered by the reason, at once.
func TestTheFirstAnswerSaysWhyNoBrokerAnswers(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		err   error
		kind  cluster.Kind
		words []string
	}{
		"password rejected": {kerr.SaslAuthenticationFailed, cluster.BadCredentials, []string{"SASL_AUTHENTICATION_FAILED"}},
		"no such mechanism": {kerr.UnsupportedSaslMechanism, cluster.BadCredentials, []string{"UNSUPPORTED_SASL_MECHANISM"}},
		"refused":           {kafka.NewError(kafka.ErrTransport, "Connection refused", false), cluster.Unreachable, []string{"Connection refused"}},
		"not Kafka":         {kafka.NewError(kafka.ErrBadMsg, "Invalid response size 1213486160", false), cluster.Unreachable, []string{"Invalid response"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				fake, pool := observed(t, cluster.Options{})
				fake.Before(func(context.Context, cluster.Call) error { return test.err })
				began := time.Now()
				wantFault(t, subscribe(t, pool, "billing", "orders"), test.kind, test.words...)
				if waited := time.Since(began); waited > 0 {
					t.Errorf("waited %s", waited)
				}
				if status := pool.Status()[0]; !status.Down {
					t.Errorf("the session is not down: %+v", status)
				}
			})
		})
	}
}

// A session that ends while no broker answers has not reached one.
func TestTheEndOfASessionIsNoAnswerOfItsBrokers(t *testing.T) {
	t.Parallel()
	for name, last := range map[string]func(context.Context, cluster.Call) error{"between attempts": dead, "during an attempt": hung} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var log bytes.Buffer
				fake := cluster.NewFakeKafka()
				pool := cluster.NewPoolOn(fake, cluster.Options{
					RefreshInterval: refreshInterval, MaxSnapshotAge: maxSnapshotAge, RequestTimeout: requestTimeout,
					Log: slog.New(slog.NewTextHandler(&log, nil)),
				})
				ctx, stop := context.WithCancel(t.Context())
				ended := make(chan error, 1)
				go func() { ended <- pool.Run(ctx) }()
				fake.Before(dead)
				wantFault(t, subscribe(t, pool, "billing", "orders"), cluster.Unreachable)
				wait(time.Minute)
				fake.Before(last)
				wait(requestTimeout + time.Millisecond)
				stop()
				if err := <-ended; err != nil {
					t.Error(err)
				}
				if strings.Contains(log.String(), "reachable again") || !strings.Contains(log.String(), "Kafka unreachable") {
					t.Errorf("logged:\n%s", log.String())
				}
			})
		})
	}
}

// away is a cluster one of whose brokers refuses connections.
func away(topic string) func(context.Context, cluster.Call) error {
	return func(_ context.Context, call cluster.Call) error {
		if call.Question == cluster.Ends && slices.Contains(call.Names, topic) {
			return kafka.NewError(kafka.ErrTransport, "Connection refused", false)
		}
		return nil
	}
}

func TestOneBrokerThatIsAwayFailsItsOwnTriggersAlone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		fake, pool := observed(t, cluster.Options{})
		for broker, topic := range []string{"orders", "refunds"} {
			fake.SetEnd(topic, 0, 7)
			fake.Lead(int32(broker), topic, 0)
		}
		fake.Before(away("refunds"))
		good, bad := subscribe(t, pool, "billing", "orders"), subscribe(t, pool, "billing", "refunds")
		for range 120 {
			wait(time.Second)
			wantEnd(t, good, 7)
			wantFault(t, bad, cluster.Unreachable, "refunds", "Connection refused")
			added := subscribe(t, pool, "shipping", "orders")
			wantEnd(t, added, 7)
			closeTwice(t, added)
		}
		if status := pool.Status()[0]; status.Down {
			t.Errorf("the session is down although a broker answers: %+v", status)
		}
		fake.Before(nil)
		wait(refreshInterval)
		wantEnd(t, bad, 7)
	})
}

// A session whose only trigger needs the broker that is away must not tell that to the next trigger.
func TestAClusterIsDownOnlyWhenNoBrokerAnswers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		fake, pool := observed(t, cluster.Options{})
		fake.SetEnd("refunds", 0, 7)
		fake.SetEnd("orders", 0, 7)
		fake.Lead(1, "refunds", 0)
		fake.Before(away("refunds"))
		wantFault(t, subscribe(t, pool, "billing", "refunds"), cluster.Unreachable)
		wait(time.Minute)
		if status := pool.Status()[0]; status.Down {
			t.Errorf("the session is down although a broker answers: %+v", status)
		}
		wantEnd(t, subscribe(t, pool, "billing", "orders"), 7)
	})
}

func TestAThrottledClientSaysSo(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		fake, pool := observed(t, cluster.Options{})
		fake.SetEnd("orders", 0, 7)
		fake.Throttle(errors.New("throttled: quota"))
		fake.Before(hung)
		wantFault(t, subscribe(t, pool, "billing", "orders"), cluster.Throttled, "payments", "throttled: quota")
		wait(time.Minute)
	})
}

// What Kafka cannot answer in the time of a question is said to be under way, and not to have failed.
func TestAFirstObservationThatTakesLongIsUnderWay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		fake, pool := observed(t, cluster.Options{})
		fake.SetEnd("orders", 0, 7)
		fake.Before(func(context.Context, cluster.Call) error {
			time.Sleep(700 * time.Millisecond) // as a broker 350 ms away
			return nil
		})
		subscription := subscribe(t, pool, "billing", "orders")
		wantFault(t, subscription, cluster.Unfinished, "first observation is still under way", "payments")
		wait(time.Second)
		wantEnd(t, subscription, 7)
	})
}

func TestAShareGroupIsRefused(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		fake, pool := observed(t, cluster.Options{})
		fake.SetEnd("orders", 0, 7)
		fake.Share("workers")
		for _, topics := range [][]string{{"orders"}, nil} {
			wantFault(t, subscribe(t, pool, "workers", topics...), cluster.Unsupported, "workers", "share group")
		}
		wantEnd(t, subscribe(t, pool, "billing", "orders"), 7)
	})
}
