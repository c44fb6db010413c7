package cluster

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// record is one that a fake fetcher finds.
type record struct {
	at     partition
	offset int64
}

// fakeFetcher keeps what it is assigned, and finds the records that a test gives it.
type fakeFetcher struct {
	mu       sync.Mutex
	given    map[partition]int64
	records  chan record
	finished bool
}

func (f *fakeFetcher) assign(from map[partition]int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	maps.Copy(f.given, from)
}

func (f *fakeFetcher) unassign(partitions []partition) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, at := range partitions {
		delete(f.given, at)
	}
}

func (f *fakeFetcher) assigned() map[partition]int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return maps.Clone(f.given)
}

func (f *fakeFetcher) run(ctx context.Context, found func(partition, int64)) error {
	defer func() { f.finished = true }()
	for {
		select {
		case <-ctx.Done():
			return nil
		case r := <-f.records:
			found(r.at, r.offset)
		}
	}
}

// fetching is how long the fake fetchers' requests may wait.
const fetching = 5 * time.Second

func fewBrokers() int { return 3 }

// withTails runs tails over fake fetchers in a bubble of synthetic time.
func withTails(t *testing.T, test func(t *testing.T, tails *tails, fetchers *[]*fakeFetcher, woken chan *Subscription)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		var fetchers []*fakeFetcher
		var opening sync.Mutex
		woken := make(chan *Subscription, 100)
		tails := newTails(Connection{}, func(Connection) (fetcher, error) {
			opened := &fakeFetcher{given: map[partition]int64{}, records: make(chan record)}
			opening.Lock()
			defer opening.Unlock()
			fetchers = append(fetchers, opened)
			return opened, nil
		}, fetching, fewBrokers, func(s *Subscription) { woken <- s }, slog.New(slog.DiscardHandler))
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- tails.run(ctx) }()
		test(t, tails, &fetchers, woken)
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
		for _, fetcher := range fetchers {
			if !fetcher.finished {
				t.Error("a fetcher was left running")
			}
		}
	})
}

func TestARecordWakesThoseWhoWaitAndDropsThePartition(t *testing.T) {
	t.Parallel()
	withTails(t, func(t *testing.T, tails *tails, fetchers *[]*fakeFetcher, woken chan *Subscription) {
		t.Helper()
		one, two, at, other := &Subscription{}, &Subscription{}, partition{"orders", 0}, partition{"orders", 1}
		tails.watch(one, map[partition]int64{at: 10, other: 5})
		tails.watch(two, map[partition]int64{at: 10})
		synctest.Wait()
		fetcher := (*fetchers)[0]
		if fetcher.assigned()[at] != 10 || fetcher.assigned()[other] != 5 {
			t.Fatalf("assigned %v", fetcher.assigned())
		}
		fetcher.records <- record{at, 10}
		if first, second := <-woken, <-woken; first == second {
			t.Error("one was woken twice, the other not at all")
		}
		synctest.Wait()
		if _, still := fetcher.assigned()[at]; still || len(fetcher.assigned()) != 1 {
			t.Errorf("assigned %v; a busy partition must be dropped at its first record", fetcher.assigned())
		}
		fetcher.records <- record{at, 11}
		synctest.Wait()
		if len(woken) != 0 {
			t.Error("woken by a partition that nobody waits for any more")
		}
	})
}

func TestLeftoversOfAnEarlierWatchWakeNobody(t *testing.T) {
	t.Parallel()
	withTails(t, func(t *testing.T, tails *tails, fetchers *[]*fakeFetcher, woken chan *Subscription) {
		t.Helper()
		subscription, at := &Subscription{}, partition{"orders", 0}
		tails.watch(subscription, map[partition]int64{at: 10})
		synctest.Wait()
		(*fetchers)[0].records <- record{at, 9}
		synctest.Wait()
		if len(woken) != 0 {
			t.Error("woken by a record from before")
		}
	})
}

func TestAPartitionIsWatchedFromTheEarliestOffsetThatSomebodySaw(t *testing.T) {
	t.Parallel()
	withTails(t, func(t *testing.T, tails *tails, fetchers *[]*fakeFetcher, _ chan *Subscription) {
		t.Helper()
		at := partition{"orders", 0}
		again := &Subscription{}
		for _, end := range []int64{10, 12, 7} {
			tails.watch(&Subscription{}, map[partition]int64{at: end})
			synctest.Wait()
		}
		if from := (*fetchers)[0].assigned()[at]; from != 7 {
			t.Errorf("watched from %d, want 7", from)
		}
		for _, end := range []int64{9, 3} {
			tails.watch(again, map[partition]int64{at: end})
			synctest.Wait()
		}
		if from := (*fetchers)[0].assigned()[at]; from != 3 {
			t.Errorf("watched from %d after the topic was made again, want 3", from)
		}
	})
}

func TestUnwatchDropsWhatNobodyElseWaitsFor(t *testing.T) {
	t.Parallel()
	withTails(t, func(t *testing.T, tails *tails, fetchers *[]*fakeFetcher, _ chan *Subscription) {
		t.Helper()
		one, two, shared, own := &Subscription{}, &Subscription{}, partition{"orders", 0}, partition{"orders", 1}
		tails.watch(one, map[partition]int64{shared: 1, own: 1})
		tails.watch(two, map[partition]int64{shared: 1})
		synctest.Wait()
		tails.unwatch(one)
		tails.unwatch(one)
		synctest.Wait()
		if assigned := (*fetchers)[0].assigned(); len(assigned) != 1 || assigned[shared] != 1 {
			t.Errorf("assigned %v, want the shared one alone", assigned)
		}
		if len(tails.by) != 1 || len(tails.watched) != 1 {
			t.Error("an unwatched subscription leaves something behind")
		}
	})
}

// A trigger that never becomes active is never unwatched: what is gone has to go by itself.
func TestATopicThatIsGoneIsWaitedForNoLonger(t *testing.T) {
	t.Parallel()
	withTails(t, func(t *testing.T, tails *tails, fetchers *[]*fakeFetcher, _ chan *Subscription) {
		t.Helper()
		one, two, shared := &Subscription{}, &Subscription{}, partition{"shared", 0}
		tails.watch(two, map[partition]int64{shared: 1})
		var daily partition
		for day := range 30 {
			daily = partition{fmt.Sprintf("orders-%d", day), 0}
			tails.watch(one, map[partition]int64{daily: 0, shared: 1})
			synctest.Wait()
		}
		if assigned := (*fetchers)[0].assigned(); len(assigned) != 2 || len(tails.watched) != 2 || len(tails.by[one]) != 2 {
			t.Errorf("assigned %v, %d are watched; want the shared one and that of today", assigned, len(tails.watched))
		}
		tails.watch(one, map[partition]int64{daily: 0})
		tails.watch(two, nil)
		synctest.Wait()
		if assigned := (*fetchers)[0].assigned(); len(assigned) != 1 || len(tails.watched) != 1 {
			t.Errorf("assigned %v, want that of today alone", assigned)
		}
	})
}

func TestArmingAgainAfterARecordBeginsAtTheNewEnd(t *testing.T) {
	t.Parallel()
	withTails(t, func(t *testing.T, tails *tails, fetchers *[]*fakeFetcher, woken chan *Subscription) {
		t.Helper()
		subscription, at := &Subscription{}, partition{"orders", 0}
		for end := int64(10); end < 200; end += 10 {
			tails.watch(subscription, map[partition]int64{at: end})
			if end%20 == 0 {
				synctest.Wait()
				if from := (*fetchers)[0].assigned()[at]; from != end {
					t.Fatalf("watched from %d, want %d", from, end)
				}
			}
			tails.hit(at, end)
			<-woken
		}
	})
}

func TestConsumersAreFewAndShareThePartitions(t *testing.T) {
	t.Parallel()
	withTails(t, func(t *testing.T, tails *tails, fetchers *[]*fakeFetcher, _ chan *Subscription) {
		t.Helper()
		tails.watch(&Subscription{}, map[partition]int64{{"orders", 0}: 0})
		synctest.Wait()
		if len(*fetchers) != 1 {
			t.Fatalf("%d fetchers for one partition", len(*fetchers))
		}
		for i := range int32(3000) {
			tails.watch(&Subscription{}, map[partition]int64{{"many", i}: 0})
		}
		synctest.Wait()
		if len(*fetchers) != maxTails {
			t.Fatalf("%d fetchers, want %d", len(*fetchers), maxTails)
		}
		for _, fetcher := range *fetchers {
			if n := len(fetcher.assigned()); n < 3000/maxTails-2*tailSize || n > 3000/maxTails+2*tailSize {
				t.Errorf("a fetcher has %d of 3001 partitions", n)
			}
		}
	})
}

func TestAConsumerThatCannotBeOpenedHarmsNobody(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		tails := newTails(Connection{}, func(Connection) (fetcher, error) { return nil, errors.New("no memory") }, fetching, fewBrokers, func(*Subscription) {}, slog.New(slog.DiscardHandler))
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- tails.run(ctx) }()
		tails.watch(&Subscription{}, map[partition]int64{{"orders", 0}: 0})
		synctest.Wait()
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

func TestRecordsWakeAtOnceAndThenAtAGrowingPace(t *testing.T) {
	t.Parallel()
	var r rest
	now := time.Unix(1000, 0)
	var pauses []time.Duration
	for range 8 {
		due := r.next(now)
		pauses = append(pauses, due.Sub(now))
		now = due
	}
	if got, want := fmt.Sprint(pauses), "[0s 100ms 200ms 400ms 800ms 1.6s 2s 2s]"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if due := r.next(now.Add(time.Minute)); !due.Equal(now.Add(time.Minute)) {
		t.Error("not alert again after a quiet time")
	}
}

// With new credentials every fetcher is exchanged, and the new one waits for what the old one did, from the same offset.
func TestReopenedConsumersGoOnWhereTheyWere(t *testing.T) {
	t.Parallel()
	withTails(t, func(t *testing.T, tails *tails, fetchers *[]*fakeFetcher, woken chan *Subscription) {
		t.Helper()
		subscription, gone := &Subscription{}, &Subscription{}
		at, dropped := partition{"orders", 0}, partition{"orders", 1}
		tails.watch(subscription, map[partition]int64{at: 10})
		tails.watch(gone, map[partition]int64{dropped: 5})
		synctest.Wait()
		old := (*fetchers)[0]
		tails.unwatch(gone)
		tails.reopen(Connection{Name: "payments"})
		synctest.Wait()
		if len(*fetchers) != 2 || !old.finished {
			t.Fatalf("%d fetchers were opened, the first ended: %t", len(*fetchers), old.finished)
		}
		fresh := (*fetchers)[1]
		if len(fresh.assigned()) != 1 || fresh.assigned()[at] != 10 {
			t.Errorf("assigned %v", fresh.assigned())
		}
		fresh.records <- record{at, 10}
		if <-woken != subscription {
			t.Error("another subscription was woken")
		}
	})
}
