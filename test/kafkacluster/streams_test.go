//go:build kafka

package kafkacluster_test

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/lagwise/lagwise/scalers"
	"github.com/lagwise/lagwise/test/product"
)

// How long the push of a change may take while no event affects the trigger. A record is noticed by a fetch, which takes up to
// FetchWait (1 s) where its partition was added meanwhile; the rest is for a busy machine. A commit is noticed by a refresh.
const (
	recordBound = 5 * time.Second
	commitBound = maxAge
)

// change is a record or a commit, and when a stream received the value that it led to.
type change struct {
	of    trigger
	what  string
	bound time.Duration
	// acknowledged is when every replica in sync had the change.
	acknowledged, pushed time.Time
	// outdated is when the value before a commit was last observed after the commit was acknowledged; zero for never.
	outdated time.Time
	failure  string
}

// streams are open streams of triggers, and the clients that change what the triggers observe.
type streams struct {
	admin  *admin
	opened int
	bound  time.Duration
	cancel context.CancelFunc
	group  sync.WaitGroup

	mu      sync.Mutex
	changes []change
}

// openStreams opens a stream for one trigger on each session. Its group has no lag. Until the streams end, one record after the
// other is produced, expected within the bound, and committed.
func openStreams(t *testing.T, running *product.Product, admin *admin, sessions []string, bound time.Duration) *streams {
	t.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	s := &streams{admin: admin, cancel: cancel, bound: bound, opened: len(sessions)}
	t.Cleanup(func() { s.stop() })
	for n, session := range sessions {
		group := replicatedGroup(fmt.Sprintf("push-%d-%06x", n, rand.IntN(1<<24)), int32(n%3)+1, 0)
		of := newTrigger(session, pushTopic(n+1), group, int(pushPartitions), []int32{1, 2, 3}, nil)
		ends := admin.ends(t, of.topic)
		if err := admin.commit(ctx, of.group, of.topic, ends...); err != nil {
			t.Fatal(err)
		}
		watcher, ok := acquire(t, running, of).(scalers.Watcher)
		if !ok {
			t.Fatal("the Kafka scaler is no scalers.Watcher")
		}
		pushed := make(chan scalers.Evaluation)
		s.group.Go(func() {
			_ = watcher.Watch(ctx, func(evaluation scalers.Evaluation) error { // returns an error only if this function does
				select {
				case pushed <- evaluation:
				case <-ctx.Done():
				}
				return nil
			})
		})
		s.group.Go(func() { s.makeChanges(ctx, of, ends, pushed) })
	}
	return s
}

// makeChanges produces and commits until ctx ends. The change under way at that time is checked like the others.
func (s *streams) makeChanges(ctx context.Context, of trigger, ends []int64, pushed <-chan scalers.Evaluation) {
	commit := change{of: of, what: "a commit", bound: commitBound, acknowledged: time.Now()}
	var begun time.Time
	for n := int32(0); ; n++ {
		s.await(ctx, pushed, 0, begun, commit)
		begun = time.Now()
		partition := n % pushPartitions
		if err := s.admin.produce(ctx, of.topic, partition, 1); err != nil {
			return // ctx ended
		}
		s.await(ctx, pushed, 1, begun, change{of: of, what: "a record", bound: s.bound, acknowledged: time.Now()})
		ends[partition]++
		begun = time.Now()
		if err := s.admin.commit(ctx, of.group, of.topic, ends...); err != nil {
			return // ctx ended
		}
		commit.acknowledged = time.Now()
	}
}

// await waits for the value that a change leads to, and records when it was pushed.
func (s *streams) await(ctx context.Context, pushed <-chan scalers.Evaluation, value float64, begun time.Time, of change) {
	of.failure, of.outdated = awaitPush(ctx, pushed, value, begun, of.acknowledged)
	of.pushed = time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.changes = append(s.changes, of)
}

// awaitPush receives evaluations until one that was observed after the change began has the value. An evaluation of a record that was
// observed after it was acknowledged must have it. That of a commit may be outdated while the coordinator moves: Kafka answers with
// older commits until the replicas that are left have caught up.
func awaitPush(ctx context.Context, pushed <-chan scalers.Evaluation, value float64, begun, acknowledged time.Time) (failure string, outdated time.Time) {
	var last scalers.Evaluation
	timer := time.NewTimer(timeout)
	defer timer.Stop()
	for {
		select {
		case last = <-pushed:
		case <-timer.C:
			if last.ObservedAt.IsZero() {
				return fmt.Sprintf("no push within %s, want %v", timeout, value), outdated
			}
			return fmt.Sprintf("no push of %v within %s; the last push was %v, observed %.1f s after the change",
				value, timeout, last.Value, last.ObservedAt.Sub(acknowledged).Seconds()), outdated
		case <-ctx.Done():
			return "", outdated
		}
		late := last.Value != value && !last.ObservedAt.Before(acknowledged)
		switch {
		case last.Value == value && !last.ObservedAt.Before(begun):
			return "", outdated
		case last.Value != 0 && last.Value != 1, late && value == 1:
			return fmt.Sprintf("got %v, observed %.3f s after the change, want %v", last.Value, last.ObservedAt.Sub(acknowledged).Seconds(), value), outdated
		case late:
			outdated = last.ObservedAt
		}
	}
}

// stop ends the streams and returns all changes.
func (s *streams) stop() []change {
	s.cancel()
	s.group.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.changes
}

// check fails the test for every change that was pushed too late, or not.
func (s *streams) check(t *testing.T, h *history) {
	t.Helper()
	changes := s.stop()
	counts, longest := map[string]int{}, map[string]time.Duration{}
	for _, one := range changes {
		took, kind := one.pushed.Sub(one.acknowledged), one.what+" without an event"
		deadline, extended := h.deadline(one.of, one.acknowledged, one.bound)
		if extended {
			kind = one.what + " after an event"
		}
		counts[kind]++
		longest[kind] = max(longest[kind], took)
		switch {
		case one.failure != "":
			t.Errorf("push: %s: %s, %s: %s", one.of.name, one.what, h.phase(one.acknowledged), one.failure)
		case !one.outdated.IsZero() && !h.tolerated(one.of, one.outdated):
			t.Errorf("push: %s: %s, %s: outdated %.1f s after it", one.of.name, one.what, h.phase(one.acknowledged), one.outdated.Sub(one.acknowledged).Seconds())
		case one.pushed.After(deadline):
			t.Errorf("push: %s: %s, %s: pushed after %.1f s, want at most %.1f s",
				one.of.name, one.what, h.phase(one.acknowledged), took.Seconds(), deadline.Sub(one.acknowledged).Seconds())
		}
	}
	for _, kind := range slices.Sorted(maps.Keys(counts)) {
		t.Logf("push: %s: %d times, pushed after at most %.2f s", kind, counts[kind], longest[kind].Seconds())
	}
	if len(changes) < 4*s.opened {
		t.Errorf("push: %d changes of %d streams are too few", len(changes), s.opened)
	}
}
