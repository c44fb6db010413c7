package parity_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"
	keda "github.com/kedacore/keda/v2/pkg/scalers"
	"golang.org/x/sync/errgroup"
)

const (
	changingTriggers = 16
	changes          = 8
	// agreeWithin is many looks, and well below the time after which lagwise reads again what cannot have changed.
	agreeWithin = 12 * time.Second
)

// testChangingState keeps asking about triggers while records come and consumers move on. lagwise answers from memory,
// so what it says may be as old as its last look at Kafka: it must come to agree with KEDA, and does so for good while
// nothing changes.
func testChangingState(t *testing.T, s *stage) {
	r := s.random("changing")
	topics, err := s.emptyTopics(t.Context(), r, changingTriggers)
	if err != nil {
		t.Fatal(err)
	}
	var workers errgroup.Group
	workers.SetLimit(atOnce)
	for i, topic := range topics {
		r := s.random(fmt.Sprintf("changing %d", i))
		workers.Go(func() error {
			if err := s.followChanges(t, r, topic); err != nil {
				return fmt.Errorf("%s=%d, topic %v: %w", seedVariable, s.seed, topic, err)
			}
			return nil
		})
	}
	if err := workers.Wait(); err != nil {
		t.Error(err)
	}
}

func (s *stage) followChanges(t *testing.T, r *rand.Rand, topic *topic) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), caseTimeout)
	defer cancel()
	group := s.name("workers")
	persistent := r.IntN(2) == 0
	w := newWriter(r)
	w.cluster(s.kafka.address, group)
	w.set("topic", topic.name)
	w.counting()
	w.caps(true)
	w.set("excludePersistentLag", w.flag(persistent))
	w.set("persistentLagInterval", "300ms") // KEDA does not know this key

	keda, err := keda.NewKafkaScaler(ctx, w.config())
	if err != nil {
		return err
	}
	lagwise, err := lagwiseAt(s.quick)(ctx, w.config())
	if err != nil {
		return err
	}
	committed := make([]int64, len(topic.logs))
	for change := range changes {
		if change%2 == 0 {
			err = s.appendSome(r, topic)
		} else {
			err = s.readSome(ctx, r, topic, group, committed)
		}
		if err != nil {
			return err
		}
		if err := agree(ctx, keda, lagwise, persistent); err != nil {
			return fmt.Errorf("%w\ntrigger %v\ngroup %q read up to %d", err, w.trigger, group, committed)
		}
	}
	return closeAll(ctx, keda, lagwise)
}

// agree waits for lagwise to say what KEDA says.
func agree(ctx context.Context, keda, lagwise keda.Scaler, persistent bool) error {
	want := askOpen(ctx, keda)
	if persistent { // a second evaluation finds every commit standing still, and so does lagwise before long
		want = askOpen(ctx, keda)
	}
	ctx, cancel := context.WithTimeout(ctx, agreeWithin)
	defer cancel()
	var got answer
	err := poll(ctx, func() (bool, error) {
		got = askOpen(ctx, lagwise)
		return want.equals(got), nil
	})
	if err != nil {
		return fmt.Errorf("%w\nKEDA:    %v\nlagwise: %v", err, want, got)
	}
	return nil
}

// appendSome leaves at least one record more.
func (s *stage) appendSome(r *rand.Rand, topic *topic) error {
	counts := make([]int64, len(topic.logs))
	for id := range counts {
		counts[id] = oneOf(r, 0, 1, r.Int64N(50))
	}
	counts[r.IntN(len(counts))]++
	return s.kafka.produce(topic, counts...)
}

// readSome lets some consumers move on as consumers do, forwards and not past the end. lagwise spares a group that has
// read everything until a record comes, so it would see other moves later.
func (s *stage) readSome(ctx context.Context, r *rand.Rand, topic *topic, group string, committed []int64) error {
	var commits []kafka.TopicPartition
	for id, log := range topic.logs {
		if r.IntN(3) > 0 {
			committed[id] = oneOf(r, log.end, between(r, committed[id], log.end))
			commits = append(commits, topic.at(id, committed[id]))
		}
	}
	return s.kafka.commit(ctx, group, commits)
}

func closeAll(ctx context.Context, scalers ...keda.Scaler) error {
	for _, scaler := range scalers {
		if err := scaler.Close(ctx); err != nil {
			return err
		}
	}
	return nil
}
