//go:build kafka

package kafka_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"

	"github.com/lagwise/lagwise/scalers"
	"github.com/lagwise/lagwise/scalers/kafka/cluster"
)

// transactional is a producer of transactions.
func (o *operator) transactional(t *testing.T) *kafka.Producer {
	t.Helper()
	producer, err := kafka.NewProducer(&kafka.ConfigMap{
		"bootstrap.servers": o.broker.Address(), "transactional.id": fresh(t), "linger.ms": 0,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(producer.Close)
	must(t, producer.InitTransactions(t.Context()))
	return producer
}

func TestTransactions(t *testing.T) {
	t.Parallel()
	operator := operatorOf(t, shared)
	topic, group := operator.topic(t, 1), fresh(t)
	operator.commit(t, group, topic, 0, 0)
	producer := operator.transactional(t)
	product := startLagwise(t, cluster.Options{})
	trigger := func(more ...string) scalers.Scaler {
		return product.trigger(t, on(at(shared.Address()), group, topic, more...))
	}
	asKEDA, records := trigger(), trigger("ignorePhantomLag", "true")
	committed := trigger("isolationLevel", "read_committed")
	committedRecords := trigger("isolationLevel", "read_committed", "ignorePhantomLag", "true")
	for _, step := range []struct {
		name string
		do   func()
		// What the four triggers answer then.
		asKEDA, records, committed, committedRecords float64
	}{
		{"open", func() {
			must(t, producer.BeginTransaction())
			write(t, producer, topic, 0, 3, nil)
		}, 3, 3, 0, 0},
		{"committed", func() { must(t, producer.CommitTransaction(t.Context())) }, 4, 3, 4, 3},
		{"consumed", func() { operator.commit(t, group, topic, 0, 3) }, 1, 0, 1, 0},
		{"aborted", func() {
			must(t, producer.BeginTransaction())
			write(t, producer, topic, 0, 2, nil)
			must(t, producer.AbortTransaction(t.Context()))
		}, 4, 2, 4, 0},
		{"a record behind", func() { operator.produce(t, topic, 0, 1) }, 5, 3, 5, 1},
		{"consumed by those that do not wait", func() { operator.commit(t, group, topic, 0, 8) }, 0, 0, 0, 0},
	} {
		step.do()
		for scaler, value := range map[scalers.Scaler]float64{
			asKEDA: step.asKEDA, records: step.records, committed: step.committed, committedRecords: step.committedRecords,
		} {
			eventually(t, patience, func() error {
				got, err := ask(t, scaler)
				if err != nil || got.Value != value || got.Active != (value > 0) {
					return fmt.Errorf("%s: want %v, got %v, active %v, %w, %v", step.name, value, got.Value, got.Active, err, got.Reasons)
				}
				return nil
			})
		}
	}
}

// A consumer that reads uncommitted records, and whose commits are behind the last stable offset, has no lag below zero.
func TestACommitBehindTheLastStableOffset(t *testing.T) {
	t.Parallel()
	operator := operatorOf(t, shared)
	topic, group := operator.topic(t, 2), fresh(t)
	operator.commit(t, group, topic, 1, 0)
	operator.produce(t, topic, 1, 3)
	producer := operator.transactional(t)
	must(t, producer.BeginTransaction())
	write(t, producer, topic, 0, 9, nil)
	operator.commit(t, group, topic, 0, 7)
	answers(t, startLagwise(t, cluster.Options{}).trigger(t, on(at(shared.Address()), group, topic, "isolationLevel", "read_committed")), 3, true)
	must(t, producer.AbortTransaction(t.Context()))
}

// Only the end of each transaction is left, in every partition: the case in which KEDA never lets pods go.
func TestMarkersAloneLetPodsGo(t *testing.T) {
	t.Parallel()
	operator := operatorOf(t, shared)
	const partitions = 3
	topic, group := operator.topic(t, partitions), fresh(t)
	producer := operator.transactional(t)
	must(t, producer.BeginTransaction())
	for id := range int32(partitions) {
		write(t, producer, topic, id, 1, nil)
		operator.commit(t, group, topic, id, 1)
	}
	must(t, producer.CommitTransaction(t.Context()))
	first := startLagwise(t, cluster.Options{})
	answers(t, first.trigger(t, on(at(shared.Address()), group, topic)), partitions, true)
	answers(t, first.trigger(t, on(at(shared.Address()), group, topic, "lagTimeThreshold", "10s", "ignorePhantomLag", "true")), 0, false)

	// A lagwise that has just started must not wake anybody before it has looked.
	trigger := startLagwise(t, cluster.Options{}).trigger(t, on(at(shared.Address()), group, topic, "ignorePhantomLag", "true"))
	eventually(t, patience, func() error {
		answer, err := ask(t, trigger)
		if err == nil && (answer.Active || answer.Value != 0) {
			t.Fatalf("the first answer is %v, active %v: %v", answer.Value, answer.Active, answer.Reasons)
		}
		return err
	})
}

func TestCompactedRecordsAreNoLag(t *testing.T) {
	t.Parallel()
	operator := operatorOf(t, tidy)
	topic, group := operator.topic(t, 1,
		"cleanup.policy", "compact", "segment.ms", "100", "min.cleanable.dirty.ratio", "0.01"), fresh(t)
	operator.commit(t, group, topic, 0, 0)
	produced, left := 0, 0
	eventually(t, patience, func() error {
		operator.produceKeyed(t, topic, 0, 10, []byte("same"))
		produced += 10
		if left = recordsIn(t, tidy.Address(), topic); left == produced {
			return fmt.Errorf("all %d records are still there", left)
		}
		return nil
	})
	product := startLagwise(t, cluster.Options{})
	// The commit points into a hole that compaction left.
	operator.commit(t, group, topic, 0, 1)
	trigger := product.trigger(t, on(at(tidy.Address()), group, topic, "ignorePhantomLag", "true"))
	eventually(t, patience, func() error {
		left = recordsIn(t, tidy.Address(), topic)
		if answer, err := ask(t, trigger); err != nil || answer.Value > float64(left) || answer.Value < 1 {
			return fmt.Errorf("want at most the %d records that are left of %d, got %v, %w", left, produced, answer, err)
		}
		return nil
	})
	operator.commit(t, group, topic, 0, int64(produced))
	answers(t, trigger, 0, false)
}

// Whoever waits for a transaction is told the moment that it is committed, and is left alone while it is open.
func TestACommittedTransactionWakes(t *testing.T) {
	t.Parallel()
	operator := operatorOf(t, shared)
	topic, group := operator.topic(t, 1), fresh(t)
	operator.commit(t, group, topic, 0, 0)
	producer := operator.transactional(t)
	seen := watch(t, startLagwise(t, recordsOnly()).trigger(t, on(at(shared.Address()), group, topic,
		"isolationLevel", "read_committed", "ignorePhantomLag", "true")))
	seen.until(t, func(e scalers.Evaluation) bool { return !e.Active })
	must(t, producer.BeginTransaction())
	write(t, producer, topic, 0, 2, nil)
	looks := 0
	for open := time.After(time.Second); open != nil; {
		select {
		case e := <-seen.seen:
			if looks++; e.Active || looks > 2 {
				t.Fatalf("woken %d times by an open transaction: %+v", looks, e)
			}
		case <-open:
			open = nil
		}
	}
	began := time.Now()
	must(t, producer.CommitTransaction(t.Context()))
	seen.until(t, func(e scalers.Evaluation) bool { return e.Active && e.Value == 2 })
	t.Logf("active %s after the transaction's commit", time.Since(began))
}
