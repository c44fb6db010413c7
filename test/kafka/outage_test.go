//go:build kafka

package kafka_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"testing"
	"time"

	"github.com/lagwise/lagwise/scalers"
	"github.com/lagwise/lagwise/scalers/kafka/cluster"
	"github.com/lagwise/lagwise/test/realkafka"
)

func TestNothingListens(t *testing.T) {
	t.Parallel()
	address := closedPort(t)
	lagwise := startLagwise(t, cluster.Options{})
	_, err := ask(t, lagwise.trigger(t, on(at(address), "group", "topic")))
	if complaint := misses(err, scalers.CauseUnreachable, address, "refused"); complaint != nil {
		t.Fatal(complaint)
	}
	// So is the next trigger on the same brokers, by what is known of them.
	_, err = ask(t, lagwise.trigger(t, on(at(address), "another group", "topic")))
	if complaint := misses(err, scalers.CauseUnreachable, address, "refused"); complaint != nil {
		t.Fatal(complaint)
	}
}

// One lagwise forgives an outage of five seconds, another one of minutes; the third is stopped meanwhile. Requests
// that were under way when the broker died are the dangerous ones: librdkafka would abort the process when it is back.
func TestOutage(t *testing.T) {
	t.Parallel()
	broker := startBroker(t, realkafka.Options{})
	kafka := operatorOf(t, broker)
	topic, group := kafka.topic(t, 1), fresh(t)
	kafka.produce(t, topic, 0, 5)
	kafka.commit(t, group, topic, 0, 0)

	// Long enough for the last answer to be served on a slow machine. How long exactly is tested where time stands still.
	const maxAge = 5 * time.Second
	strict := startLagwise(t, cluster.Options{MaxSnapshotAge: maxAge})
	held := strict.trigger(t, on(at(broker.Address()), group, topic))
	patient := startLagwise(t, cluster.Options{MaxSnapshotAge: 10 * time.Minute}).trigger(t, on(at(broker.Address()), group, topic))
	answers(t, held, 5, true)
	answers(t, patient, 5, true)
	noErrors := errorsOf(t, patient)
	leaving := startLagwise(t, cluster.Options{})
	answers(t, leaving.trigger(t, on(at(broker.Address()), group, topic)), 5, true)

	broker.Kill()
	served := 0
	eventually(t, patience, func() error {
		if _, err := ask(t, held); err == nil {
			served++
			return errors.New("an old observation is still served")
		}
		return nil
	})
	if served == 0 {
		t.Error("the last good answer was not served at all")
	}
	_, err := ask(t, held)
	if complaint := misses(err, scalers.CauseUnreachable); complaint != nil {
		t.Error(complaint)
	}

	// The reason is told as soon as it is known, with the age of what was known last; newcomers are told it at their first
	// question.
	fails(t, held, scalers.CauseUnreachable, "refused", "ago")
	newcomer := strict.trigger(t, on(at(broker.Address()), "newcomer", topic))
	_, err = ask(t, newcomer)
	if complaint := misses(err, scalers.CauseUnreachable, "refused"); complaint != nil {
		t.Error(complaint)
	}

	leaving.stop() // nothing that was asked for is still waited for
	if err := broker.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	back := time.Now()
	kafka.produce(t, topic, 0, 3)
	answers(t, held, 8, true)
	answers(t, newcomer, 1, true)
	answers(t, patient, 8, true)
	t.Logf("right again %s after the broker was back", time.Since(back).Round(time.Millisecond))
	if err := noErrors(); err != nil {
		t.Errorf("an outage shorter than maxSnapshotAge was noticed: %v", err)
	}
}

// errorsOf asks all the time until the function is called that it returns, which tells of the first error.
func errorsOf(t *testing.T, scaler scalers.Scaler) (stop func() error) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	first := make(chan error, 1)
	go func() {
		defer close(first)
		for ctx.Err() == nil {
			if _, err := scaler.Evaluate(ctx); err != nil && ctx.Err() == nil {
				first <- fmt.Errorf("at %s: %w", time.Now().Format(time.TimeOnly), err)
				return
			}
			time.Sleep(glance)
		}
	}()
	t.Cleanup(cancel)
	return func() error {
		cancel()
		return <-first
	}
}

// closedPort is an address on which nothing listens.
func closedPort(t *testing.T) string {
	t.Helper()
	var config net.ListenConfig
	listener, err := config.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	return listener.Addr().String()
}
