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
	sequenceAttempts    = 8
	// persistentInterval must be well above lookInterval, and well below a test's patience.
	persistentInterval = 600 * time.Millisecond
	lookInterval       = 100 * time.Millisecond
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
	kafka := lagwisekafka.New(subscribe, nil, slog.New(slog.DiscardHandler))
	registry := scalers.NewRegistry(map[string]scalers.Factory{"kafka": kafka}, scalers.RegistryOptions{})

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

// errTooSlow says that this machine did not look often enough for a comparison to mean anything.
var errTooSlow = errors.New("lagwise looked at Kafka too late to be compared")

// compareSequence begins anew, with another group, when the machine was too slow.
func (s *stage) compareSequence(t *testing.T, registry *scalers.Registry, r *rand.Rand, topic *topic) error {
	t.Helper()
	err := errTooSlow
	for attempt := 0; attempt < sequenceAttempts && errors.Is(err, errTooSlow); attempt++ {
		err = s.sequence(t, registry, r, topic)
	}
	if err != nil {
		return fmt.Errorf("%s=%d, topic %v: %w", seedVariable, s.seed, topic, err)
	}
	return nil
}

func (s *stage) sequence(t *testing.T, registry *scalers.Registry, r *rand.Rand, topic *topic) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), caseTimeout)
	defer cancel()
	group := s.name("workers")
	w := newWriter(r)
	w.metadata["bootstrapServers"], w.metadata["consumerGroup"], w.metadata["topic"] = s.kafka.address, group, topic.name
	w.counting()
	w.caps(true)
	w.set("excludePersistentLag", "true")
	w.set("persistentLagInterval", persistentInterval.String())

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
	if got.ObservedAt.Sub(began) >= persistentInterval {
		return errTooSlow
	}
	for n := range evaluations {
		want := askOpen(ctx, own)
		if !sameEvaluation(want, got) {
			t.Errorf("%s=%d, evaluation %d\nKEDA:    %v\nlagwise: value %v, active %t %v\ntrigger %v\ntopic %v",
				seedVariable, s.seed, n, want, got.Value, got.Active, got.Reasons, w.trigger, topic)
			return nil
		}
		if got, err = s.nextEvaluation(ctx, r, topic, group, looks); err != nil {
			return err
		}
	}
	return nil
}

// nextEvaluation changes the state, or leaves it alone, and returns the first evaluation that compares the state after
// the change with the state before it.
func (s *stage) nextEvaluation(
	ctx context.Context, r *rand.Rand, topic *topic, group string, looks *looks,
) (scalers.Evaluation, error) {
	// From here on every observation that is an interval old belongs to the state that both have evaluated.
	first, err := looks.after(ctx, time.Now())
	if err != nil {
		return scalers.Evaluation{}, err
	}
	before, err := looks.after(ctx, first.ObservedAt.Add(2*persistentInterval))
	if err != nil {
		return scalers.Evaluation{}, err
	}
	if r.IntN(4) > 0 {
		if err := s.kafka.produce(topic, oneOf(r, 0, r.Int64N(30))); err != nil {
			return scalers.Evaluation{}, err
		}
		if err := s.kafka.commit(ctx, group, randomCommits(r, topic)); err != nil {
			return scalers.Evaluation{}, err
		}
	}
	after, err := looks.after(ctx, time.Now())
	if err != nil {
		return scalers.Evaluation{}, err
	}
	// What lagwise held it against is older than after by an interval, so it must not be younger than before.
	if after.ObservedAt.Sub(before.ObservedAt) > persistentInterval || looks.longestGap() > persistentInterval/2 {
		return scalers.Evaluation{}, errTooSlow
	}
	return after, nil
}

func sameEvaluation(want answer, got scalers.Evaluation) bool {
	return want.err == nil && want.value.CmpInt64(int64(got.Value)) == 0 && want.active == got.Active
}
