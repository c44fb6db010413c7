//go:build kafka

package kafkacluster_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/lagwise/lagwise/scalers"
	"github.com/lagwise/lagwise/test/product"
)

// pushBound is how long a record may wait until an open stream is told of it, while nothing is wrong.
const pushBound = 3 * time.Second

// notice is one record and when its trigger's stream learnt of it.
type notice struct {
	trigger   string
	partition int32
	// acked is when every replica in sync had the record; noticed is when the right value was pushed.
	acked, noticed time.Time
	failure        string
}

// records writes records to topics whose triggers have streams open, all the time.
type records struct {
	operator *operator
	stop     context.CancelFunc
	writing  sync.WaitGroup

	mu      sync.Mutex
	notices []notice
}

// wakeTriggers opens a stream for one trigger of each session with few groups. The group has read everything; then again and
// again a record is written, noticed and committed.
func wakeTriggers(t *testing.T, running *product.Product, operator *operator) *records {
	t.Helper()
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	r := &records{operator: operator, stop: stop}
	t.Cleanup(func() { r.end() })
	for n := 1; n <= fewSessions; n++ {
		of := newTrigger(fewSession(n), wakeTopic(n), groupOf(fmt.Sprintf("wake-%d-%s", n, t.Name()), int32(n%3)+1, 0), int(wakePartitions), nil, nil)
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
	var begun, committed time.Time
	for n := int32(0); ; n++ {
		one := notice{trigger: of.name, partition: n % wakePartitions, acked: committed}
		if one.failure = awaitPush(ctx, pushed, 0, begun, committed); one.failure != "" {
			one.noticed = time.Now()
			r.note(one)
		}
		begun = time.Now()
		if err := r.operator.produce(ctx, of.topic, one.partition, 1); err != nil {
			return // the test is over
		}
		one.acked = time.Now()
		one.failure = awaitPush(ctx, pushed, 1, begun, one.acked)
		one.noticed = time.Now()
		r.note(one)
		ends[one.partition]++
		begun = time.Now()
		if err := r.operator.commit(ctx, of.group, of.topic, ends...); err != nil {
			return // the test is over
		}
		committed = time.Now()
	}
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

func (r *records) note(one notice) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.notices = append(r.notices, one)
}

func (r *records) end() []notice {
	r.stop()
	r.writing.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.notices
}

// judge fails the test for every record that was noticed too late.
func (r *records) judge(t *testing.T, during outage) {
	t.Helper()
	notices := r.end()
	var calm, troubled time.Duration
	for _, one := range notices {
		if one.failure != "" {
			t.Errorf("push: %s, partition %d: %s: %s", one.trigger, one.partition, during.phase(one.acked), one.failure)
			continue
		}
		bound, delay := pushBound, one.noticed.Sub(one.acked)
		if end, in := during.trouble(one.acked); in {
			bound += end.Sub(one.acked)
			troubled = max(troubled, delay)
		} else {
			calm = max(calm, delay)
		}
		if delay > bound {
			t.Errorf("push: %s, partition %d: %s: a record was noticed after %.1f s, want at most %.1f s",
				one.trigger, one.partition, during.phase(one.acked), delay.Seconds(), bound.Seconds())
		}
	}
	t.Logf("%d records were noticed, at the latest after %.2f s, and %.2f s while partitions moved", len(notices), calm.Seconds(), troubled.Seconds())
	if len(notices) < fewSessions {
		t.Errorf("%d records were written, want more than one in each of %d sessions", len(notices), fewSessions)
	}
}
