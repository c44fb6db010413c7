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

const (
	// recordBound is how long a record may wait until an open stream is told of it, while nothing is wrong: the machine is
	// busy. commitBound is the same for a commit, which only a refresh notices.
	recordBound = 3 * time.Second
	commitBound = twoRefreshes + lateRefresh
)

// notice is a record or a commit, and when its trigger's stream learnt of it.
type notice struct {
	of   trigger
	what string
	// bound is how long it may take while nothing is wrong.
	bound time.Duration
	// acked is when every replica in sync had it; noticed is when the right value was pushed.
	acked, noticed time.Time
	failure        string
}

// records writes records to topics whose triggers have streams open, all the time.
type records struct {
	operator *operator
	bound    time.Duration
	streams  int
	stop     context.CancelFunc
	writing  sync.WaitGroup

	mu      sync.Mutex
	notices []notice
}

// openStreams opens a stream for one trigger on each of the sessions. The trigger's group has read everything; then again and
// again a record is written, noticed within the bound, and committed.
func openStreams(t *testing.T, running *product.Product, operator *operator, sessions []string, bound time.Duration) *records {
	t.Helper()
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	r := &records{operator: operator, stop: stop, bound: bound, streams: len(sessions)}
	t.Cleanup(func() { r.end() })
	for n, session := range sessions {
		group := groupOf(fmt.Sprintf("wake-%d-%06x", n, rand.IntN(1<<24)), int32(n%3)+1, 0)
		of := newTrigger(session, wakeTopic(n+1), group, int(wakePartitions), []int32{1, 2, 3}, nil)
		ends := operator.ends(t, of.topic)
		if err := operator.commit(ctx, of.group, of.topic, ends...); err != nil {
			t.Fatal(err)
		}
		watcher, ok := acquire(t, running, of).(scalers.Watcher)
		if !ok {
			t.Fatal("the scaler of Kafka cannot watch")
		}
		pushed := make(chan scalers.Evaluation)
		r.writing.Go(func() {
			_ = watcher.Watch(ctx, func(seen scalers.Evaluation) error { // it ends with ctx, and the test looks at what it gave
				select {
				case pushed <- seen:
				case <-ctx.Done():
				}
				return nil
			})
		})
		r.writing.Go(func() { r.write(ctx, of, ends, pushed) })
	}
	return r
}

// write goes on until ctx ends. Every record is noted, also one that was not noticed by then.
func (r *records) write(ctx context.Context, of trigger, ends []int64, pushed <-chan scalers.Evaluation) {
	committed := notice{of: of, what: "a commit", bound: commitBound, acked: time.Now()}
	var begun time.Time
	for n := int32(0); ; n++ {
		r.await(ctx, pushed, 0, begun, committed)
		partition := n % wakePartitions
		begun = time.Now()
		if err := r.operator.produce(ctx, of.topic, partition, 1); err != nil {
			return // the test is over
		}
		r.await(ctx, pushed, 1, begun, notice{of: of, what: "a record", bound: r.bound, acked: time.Now()})
		ends[partition]++
		begun = time.Now()
		if err := r.operator.commit(ctx, of.group, of.topic, ends...); err != nil {
			return // the test is over
		}
		committed = notice{of: of, what: "a commit", bound: commitBound, acked: time.Now()}
	}
}

// await notes when the value was pushed.
func (r *records) await(ctx context.Context, pushed <-chan scalers.Evaluation, value float64, begun time.Time, one notice) {
	one.failure = awaitPush(ctx, pushed, value, begun, one.acked)
	one.noticed = time.Now()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.notices = append(r.notices, one)
}

// awaitPush takes what is pushed until that is the value, as observed after what changed it had begun. Every observation after
// it was done must give the value.
func awaitPush(ctx context.Context, pushed <-chan scalers.Evaluation, value float64, begun, done time.Time) (failure string) {
	var last scalers.Evaluation
	timeout := time.NewTimer(patience)
	defer timeout.Stop()
	for {
		select {
		case last = <-pushed:
		case <-timeout.C:
			return fmt.Sprintf("the value %v was not pushed within %s; the last push is %v, observed %.1f s after the change",
				value, patience, last.Value, last.ObservedAt.Sub(done).Seconds())
		case <-ctx.Done():
			return ""
		}
		switch {
		case last.Value == value && !last.ObservedAt.Before(begun):
			return ""
		case !last.ObservedAt.Before(done), last.Value != 0 && last.Value != 1:
			return fmt.Sprintf("wrong value %v, observed %.3f s after the change to %v", last.Value, last.ObservedAt.Sub(done).Seconds(), value)
		}
	}
}

func (r *records) end() []notice {
	r.stop()
	r.writing.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.notices
}

// judge fails the test for every record and commit that was noticed too late.
func (r *records) judge(t *testing.T, h *history) {
	t.Helper()
	notices := r.end()
	seen := map[string]int{}
	longest := map[string]time.Duration{}
	for _, one := range notices {
		delay, kind := one.noticed.Sub(one.acked), one.what+" while nothing moved"
		deadline, excused := h.deadline(one.of, one.acked, one.bound)
		if excused {
			kind = one.what + " while leaders moved"
		}
		seen[kind]++
		longest[kind] = max(longest[kind], delay)
		switch {
		case one.failure != "":
			t.Errorf("push: %s: %s, %s: %s", one.of.name, one.what, h.phase(one.acked), one.failure)
		case one.noticed.After(deadline):
			t.Errorf("push: %s: %s, %s: noticed after %.1f s, want at most %.1f s", one.of.name, one.what, h.phase(one.acked), delay.Seconds(), deadline.Sub(one.acked).Seconds())
		}
	}
	for _, kind := range slices.Sorted(maps.Keys(seen)) {
		t.Logf("push: %s: %d times, noticed after at most %.2f s", kind, seen[kind], longest[kind].Seconds())
	}
	if len(notices) < 4*r.streams {
		t.Errorf("push: %d records and commits, want some of each of %d streams", len(notices), r.streams)
	}
}
