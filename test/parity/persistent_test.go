package parity_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"testing"
	"time"

	keda "github.com/kedacore/keda/v2/pkg/scalers"
	"golang.org/x/sync/errgroup"

	"github.com/lagwise/lagwise/scalers"
	lagwisekafka "github.com/lagwise/lagwise/scalers/kafka"
	"github.com/lagwise/lagwise/scalers/kafka/cluster"
)

const (
	persistentSequences = 40
	evaluations         = 3
	sequencesAtOnce     = 10
	lookInterval        = 100 * time.Millisecond
	// A machine that is too busy to look several times in an interval gets a longer one.
	shortestInterval = 600 * time.Millisecond
	longestInterval  = 10 * time.Second
	sequenceTimeout  = 3 * time.Minute
)

// testPersistentLag compares excludePersistentLag over several evaluations. KEDA holds commits against those of its own
// previous evaluation; lagwise against those that it saw persistentLagInterval earlier. The two must agree when that is
// KEDA's previous evaluation, and only the time of an observation tells when it is. KEDA's contract does not carry that
// time, so lagwise's rooms behind the server run in this process.
func testPersistentLag(t *testing.T, s *stage) {
	registry := startRooms(t)
	topics, err := s.emptyTopics(t.Context(), s.random("persistent"), persistentSequences)
	if err != nil {
		t.Fatal(err)
	}
	var workers errgroup.Group
	workers.SetLimit(sequencesAtOnce)
	for i, topic := range topics {
		r := s.random(fmt.Sprintf("persistent %d", i))
		workers.Go(func() error { return s.compareSequence(t, registry, r, topic) })
	}
	if err := workers.Wait(); err != nil {
		t.Error(err)
	}
}

// startRooms composes what stands behind lagwise's server, as cmd/lagwise does.
func startRooms(t *testing.T) *scalers.Registry {
	t.Helper()
	// Every look reads every group, so that the time of an observation is that of everything in it.
	pool := cluster.NewPool(cluster.Options{RefreshInterval: lookInterval, MaxSnapshotAge: time.Minute, GroupLife: time.Nanosecond})
	subscribe := func(connection cluster.Connection, want cluster.Want) (lagwisekafka.Subscription, error) {
		return pool.Subscribe(connection, want)
	}
	kafka := lagwisekafka.New(subscribe, lagwisekafka.NewConnections(nil, "*"), slog.New(slog.DiscardHandler))
	registry := scalers.NewRegistry(map[string]scalers.Factory{"kafka": kafka},
		scalers.RegistryOptions{IdleAfter: time.Second}) // each look is at living sequences alone

	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	var running errgroup.Group
	running.Go(func() error { return pool.Run(ctx) })
	running.Go(func() error { return registry.Run(ctx) })
	t.Cleanup(func() {
		stop()
		if err := running.Wait(); err != nil {
			t.Error(err)
		}
	})
	return registry
}

// compareSequence begins anew, with another group and more time, when the machine was too slow.
func (s *stage) compareSequence(t *testing.T, registry *scalers.Registry, r *rand.Rand, topic *topic) error {
	t.Helper()
	err := errTooSlow
	for interval := shortestInterval; interval <= longestInterval && errors.Is(err, errTooSlow); interval *= 2 {
		err = s.sequence(t, registry, r, topic, interval)
	}
	if err != nil {
		return fmt.Errorf("%s=%d, topic %v: %w", seedVariable, s.seed, topic, err)
	}
	return nil
}

func (s *stage) sequence(t *testing.T, registry *scalers.Registry, r *rand.Rand, topic *topic, interval time.Duration) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), sequenceTimeout)
	defer cancel()
	group := s.name("workers")
	w := newWriter(r)
	w.metadata["bootstrapServers"], w.metadata["consumerGroup"], w.metadata["topic"] = s.kafka.address, group, topic.name
	w.counting()
	w.caps(true)
	w.set("excludePersistentLag", "true")
	w.set("persistentLagInterval", interval.String())

	if err := s.disturb(ctx, r, topic); err != nil {
		return err
	}
	if err := s.kafka.commit(ctx, group, randomCommits(r, topic)); err != nil {
		return err
	}
	own, err := keda.NewKafkaScaler(ctx, w.config())
	if err != nil {
		return err
	}
	defer func() { _ = own.Close(ctx) }()
	began := time.Now()
	lagwise, release, err := registry.Acquire(scalers.Trigger{Namespace: "shop", Name: "worker", Metadata: w.metadata})
	if err != nil {
		return err
	}
	defer release()

	looks := follow(ctx, lagwise)
	got, err := looks.after(ctx, began)
	if err != nil {
		return err
	}
	if got.ObservedAt.Sub(began) >= interval {
		return errTooSlow
	}
	for n := range evaluations {
		want := askOpen(ctx, own)
		if !sameEvaluation(want, got) {
			t.Errorf("%s=%d, evaluation %d\nKEDA:    %v\nlagwise: value %v, active %t %v\ntrigger %v\ntopic %v",
				seedVariable, s.seed, n, want, got.Value, got.Active, got.Reasons, w.trigger, topic)
			return nil
		}
		change := func() error { return s.changeAtRandom(ctx, r, topic, group) }
		if got, err = looks.across(ctx, interval, change); err != nil {
			return err
		}
	}
	return nil
}

// changeAtRandom moves commits to anywhere, or leaves the state alone.
func (s *stage) changeAtRandom(ctx context.Context, r *rand.Rand, topic *topic, group string) error {
	if r.IntN(4) == 0 {
		return nil
	}
	if err := s.kafka.produce(topic, oneOf(r, 0, r.Int64N(30))); err != nil {
		return err
	}
	return s.kafka.commit(ctx, group, randomCommits(r, topic))
}

func sameEvaluation(want answer, got scalers.Evaluation) bool {
	return want.err == nil && want.value.CmpInt64(int64(got.Value)) == 0 && want.active == got.Active
}
