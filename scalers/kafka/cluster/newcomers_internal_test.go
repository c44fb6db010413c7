package cluster

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// logs are a cluster's log ends, and how often they were asked for.
type logs struct {
	takes time.Duration

	mu    sync.Mutex
	ends  map[partition]offsetState
	asked int
}

func (l *logs) set(at partition, end offsetState) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ends[at] = end
}

func (l *logs) timesAsked() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.asked
}

func (l *logs) list(_ context.Context, wanted []partition, answered func(map[partition]offsetState)) {
	time.Sleep(l.takes)
	l.mu.Lock()
	l.asked++
	states := map[partition]offsetState{}
	for _, at := range wanted {
		states[at] = l.ends[at]
	}
	l.mu.Unlock()
	answered(states)
}

// withNewcomers runs tails whose consumers find nothing, over logs.
func withNewcomers(t *testing.T, test func(t *testing.T, tails *tails, logs *logs, woken chan *Subscription)) {
	t.Helper()
	withTails(t, func(t *testing.T, tails *tails, _ *[]*fakeFetcher, woken chan *Subscription) {
		t.Helper()
		seen := &logs{ends: map[partition]offsetState{}}
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { tails.lookAfterNewcomers(ctx, seen.list); close(done) }()
		test(t, tails, seen, woken)
		stop()
		<-done
	})
}

func TestARecordIsNoticedWhileAFetchDoesNotCoverItsPartition(t *testing.T) {
	t.Parallel()
	withNewcomers(t, func(t *testing.T, tails *tails, logs *logs, woken chan *Subscription) {
		t.Helper()
		subscription, at, other := &Subscription{}, partition{"orders", 0}, partition{"orders", 1}
		logs.set(at, offsetState{offset: 10})
		logs.set(other, offsetState{offset: 10})
		tails.watch(subscription, map[partition]int64{at: 10, other: 10})
		time.Sleep(time.Second)
		synctest.Wait()
		if len(woken) != 0 {
			t.Error("woken without a record")
		}
		logs.set(other, offsetState{offset: 11})
		time.Sleep(lookEvery)
		synctest.Wait()
		if len(woken) != 1 {
			t.Errorf("woken %d times after a record, want once", len(woken))
		}
	})
}

func TestAPartitionIsANewcomerForLittleMoreThanOneFetch(t *testing.T) {
	t.Parallel()
	withNewcomers(t, func(t *testing.T, tails *tails, logs *logs, _ chan *Subscription) {
		t.Helper()
		at := partition{"orders", 0}
		logs.set(at, offsetState{offset: 10})
		tails.watch(&Subscription{}, map[partition]int64{at: 10})
		time.Sleep(3 * fetching)
		asked := logs.timesAsked()
		if least, most := int(fetching/lookEvery), int(2*fetching/lookEvery); asked < least || asked >= most {
			t.Errorf("looked %d times, want %d to %d", asked, least, most)
		}
		time.Sleep(time.Hour)
		if more := logs.timesAsked() - asked; more != 0 {
			t.Errorf("looked %d times more although the fetcher covers it", more)
		}
	})
}

// A listing of thousands of partitions takes its time, and may not take all of it.
func TestNewcomersCostATenthOfTheTimeAtMost(t *testing.T) {
	t.Parallel()
	withNewcomers(t, func(t *testing.T, tails *tails, logs *logs, _ chan *Subscription) {
		t.Helper()
		logs.takes = 100 * time.Millisecond
		tails.watch(&Subscription{}, map[partition]int64{{"orders", 0}: 0})
		time.Sleep(fetching)
		if busy := time.Duration(logs.timesAsked()) * logs.takes; busy > fetching/9 {
			t.Errorf("looked for %s of %s", busy, fetching)
		}
	})
}

func TestNewcomersThatCannotBeListedWakeNobody(t *testing.T) {
	t.Parallel()
	withNewcomers(t, func(t *testing.T, tails *tails, logs *logs, woken chan *Subscription) {
		t.Helper()
		at, gone := partition{"orders", 0}, partition{"orders", 1}
		logs.set(at, offsetState{offset: 11, err: errors.New("no leader")})
		subscription := &Subscription{}
		tails.watch(&Subscription{}, map[partition]int64{at: 10})
		tails.watch(subscription, map[partition]int64{gone: 10})
		tails.unwatch(subscription)
		logs.set(gone, offsetState{offset: 12})
		time.Sleep(fetching)
		synctest.Wait()
		if len(woken) != 0 {
			t.Error("woken by an error, or for a partition that nobody waits for")
		}
	})
}
