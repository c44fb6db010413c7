//go:build kafka

package kafka_test

import (
	"context"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"
	"golang.org/x/sync/errgroup"

	"github.com/lagwise/lagwise/scalers"
	"github.com/lagwise/lagwise/scalers/kafka/cluster"
)

// workers are ordinary consumers of one group, in this process.
type workers struct {
	topic, group string
	// protocol is librdkafka's group.protocol.
	protocol string
	// each is the time that a record takes.
	each time.Duration
	// stuck workers read and get nothing done.
	stuck atomic.Bool
}

// work begins with so many workers and ends with the test.
func (w *workers) work(t *testing.T, n int) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	var running errgroup.Group
	for range n {
		consumer, err := kafka.NewConsumer(&kafka.ConfigMap{
			"bootstrap.servers": shared.Address(), "group.id": w.group, "group.protocol": w.protocol,
			"auto.offset.reset": "earliest", "auto.commit.interval.ms": 1000, "enable.auto.offset.store": false,
		})
		if err != nil {
			t.Fatal(err)
		}
		must(t, consumer.SubscribeTopics([]string{w.topic}, nil))
		running.Go(func() error {
			defer func() { _ = consumer.Close() }()
			return w.consume(ctx, consumer)
		})
	}
	t.Cleanup(func() {
		cancel()
		if err := running.Wait(); err != nil {
			t.Error(err)
		}
	})
}

// consume keeps to its rate however long a single pause takes.
func (w *workers) consume(ctx context.Context, consumer *kafka.Consumer) error {
	next := time.Now()
	for ctx.Err() == nil {
		record, ok := consumer.Poll(100).(*kafka.Message)
		if !ok || w.stuck.Load() {
			next = time.Now()
			continue
		}
		next = next.Add(w.each)
		time.Sleep(time.Until(next))
		if _, err := consumer.StoreMessage(record); err != nil {
			continue // taken away by a rebalance
		}
	}
	return nil
}

// What one consumer gets done is measured in groups of either protocol. Records come for longer than that takes, and the rate is
// that of the consumers, not of the records.
func TestTheRateOfAReplicaIsMeasured(t *testing.T) {
	t.Parallel()
	for _, protocol := range []string{"classic", "consumer"} {
		t.Run(protocol, func(t *testing.T) {
			t.Parallel()
			const rate, partitions = 50, 4
			operator := operatorOf(t, shared)
			topic, group := operator.topic(t, partitions), fresh(t)
			for id := range int32(partitions) {
				operator.produce(t, topic, id, 10_000)
				operator.commit(t, group, topic, id, 0)
			}
			trigger := startLagwise(t, cluster.Options{}).trigger(t,
				on(at(shared.Address()), group, topic, "drainWithin", "1h", "consumersPerReplica", "2", "lagThreshold", "7"))
			answers(t, trigger, 2*7, true) // by lagThreshold, and capped at four partitions' consumers
			w := &workers{topic: topic, group: group, protocol: protocol, each: time.Second / rate}
			w.work(t, 2)

			// What was measured while the machine kept them from working is forgotten in time.
			eventually(t, 3*time.Minute, func() error {
				measured, err := rateIn(ask(t, trigger))
				if err == nil && math.Abs(measured/(2*rate)-1) > 0.15 {
					err = fmt.Errorf("measured %.3f of %d a second", measured, 2*rate)
				}
				return err
			})
		})
	}
}

// rateIn is the rate of a replica that a reason tells.
func rateIn(evaluation scalers.Evaluation, err error) (float64, error) {
	if err != nil {
		return 0, err
	}
	for _, reason := range evaluation.Reasons {
		if rate := regexp.MustCompile(`at ([0-9.]+) a second each`).FindStringSubmatch(reason.Text); rate != nil {
			return strconv.ParseFloat(rate[1], 64)
		}
	}
	return 0, fmt.Errorf("no rate in %v", evaluation.Reasons)
}

// Consumers that get nothing done are told of, and joined by no more of them; once they go on it is as ever.
func TestStalledConsumersAreHeld(t *testing.T) {
	t.Parallel()
	operator := operatorOf(t, shared)
	topic, group := operator.topic(t, 4), fresh(t)
	for id := range int32(4) {
		operator.produce(t, topic, id, 1000)
		operator.commit(t, group, topic, id, 1)
	}
	trigger := startLagwise(t, cluster.Options{}).trigger(t, on(at(shared.Address()), group, topic, "lagThreshold", "10", "onStall", "hold", "stallAfter", "5s"))
	answers(t, trigger, 4*10, true)
	refreshes(t, trigger, 7*5)
	if asleep := answers(t, trigger, 4*10, true); asleep.Stalled != 0 {
		t.Errorf("a group without consumers has stalled: %v", asleep.Reasons)
	}

	w := &workers{topic: topic, group: group, protocol: "classic", each: time.Millisecond}
	w.stuck.Store(true)
	w.work(t, 2)
	held := answers(t, trigger, 2*10, true)
	if held.Stalled != 4 || !says(held, "at offset 1 since") {
		t.Errorf("%d partitions have stalled: %v", held.Stalled, held.Reasons)
	}
	w.stuck.Store(false) // what they have read is lost to them, but they go on
	for id := range int32(4) {
		operator.produce(t, topic, id, 1)
	}
	if done := answers(t, trigger, 0, false); done.Stalled != 0 {
		t.Errorf("%d partitions have stalled: %v", done.Stalled, done.Reasons)
	}
}
