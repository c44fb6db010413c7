package cluster

import (
	"context"
	"hash/fnv"
	"log/slog"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/lagwise/lagwise/scalers/crew"
)

const (
	// maxTails bounds the fetchers of a session, and tailConnections the requests that they keep waiting at all brokers together. A broker
	// looks through all partitions of a request when one of them grows, so more fetchers, with fewer partitions each, answer faster.
	maxTails        = 7
	tailConnections = 24
	// tailSize is how many partitions a fetcher gets before another one is opened, and how many neighbours share one.
	tailSize = 32
)

// mostTails is how many fetchers a session may have at a cluster of so many brokers.
func mostTails(brokers int) int { return max(1, min(maxTails, tailConnections/max(1, brokers))) }

// tails wakes subscriptions the moment a record lands on a partition that they wait for. A partition is watched from an
// explicit offset, by the subscriptions that saw the log end there, until its first record; then it is dropped, so a busy
// topic is not consumed beyond that.
type tails struct {
	open  func(Connection) (fetcher, error)
	login *login
	// brokers is how many the cluster has.
	brokers func() int
	woke    func(*Subscription)
	log     *slog.Logger

	mu      sync.Mutex
	watched map[partition]*watch
	// by lists what each subscription watches.
	by      map[*Subscription]map[partition]struct{}
	members []*tail
	crew    *crew.Crew
	// newcomers are those of the watched that a fetcher's present request may not cover.
	newcomers *newcomers
	// hits counts the subscriptions that were woken.
	hits uint64
}

// watch is one partition that somebody waits for.
type watch struct {
	from int64
	by   map[*Subscription]struct{}
	tail *tail
}

func newTails(
	connection Connection, open func(Connection) (fetcher, error), fetchWait time.Duration, brokers func() int,
	woke func(*Subscription), log *slog.Logger,
) *tails {
	return &tails{
		login: newLogin(connection), open: open, brokers: brokers, woke: woke, log: log,
		watched: map[partition]*watch{}, by: map[*Subscription]map[partition]struct{}{}, crew: crew.New(), newcomers: newNewcomers(fetchWait),
	}
}

// watch waits for a record at or after each given offset. A partition that is watched already stays as it is, unless it
// is watched from a later offset: then either a record came meanwhile, which is told at once, or the topic was made again. What
// the subscription waited for and does not name any more is gone, and is waited for no longer.
func (t *tails) watch(subscription *Subscription, ends map[partition]int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	mine := t.by[subscription]
	if mine == nil {
		mine = map[partition]struct{}{}
		t.by[subscription] = mine
	}
	for at := range mine {
		if _, still := ends[at]; !still {
			delete(mine, at)
			t.leave(subscription, at)
		}
	}
	for at, end := range ends {
		w, found := t.watched[at]
		if !found {
			w = &watch{by: map[*Subscription]struct{}{}, tail: t.tailFor(at)}
			t.watched[at] = w
		}
		if !found || end < w.from {
			w.from = end
			w.tail.want(at, end)
			t.newcomers.add(at, time.Now())
		}
		w.by[subscription] = struct{}{}
		mine[at] = struct{}{}
	}
}

// unwatch ends all that the subscription waits for.
func (t *tails) unwatch(subscription *Subscription) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for at := range t.by[subscription] {
		t.leave(subscription, at)
	}
	delete(t.by, subscription)
}

// leave drops a partition with the last who waits for it.
func (t *tails) leave(subscription *Subscription, at partition) {
	w := t.watched[at]
	delete(w.by, subscription)
	if len(w.by) == 0 {
		t.drop(at, w)
	}
}

// hit wakes everybody who waits for a record of the partition. Records from before the watched offset are leftovers of
// an earlier watch.
func (t *tails) hit(at partition, offset int64) {
	t.mu.Lock()
	w, found := t.watched[at]
	if !found || offset < w.from {
		t.mu.Unlock()
		return
	}
	t.drop(at, w)
	for subscription := range w.by {
		delete(t.by[subscription], at)
	}
	t.hits += uint64(len(w.by))
	t.mu.Unlock()
	for subscription := range w.by {
		t.woke(subscription)
	}
}

func (t *tails) drop(at partition, w *watch) {
	delete(t.watched, at)
	delete(t.newcomers.until, at)
	w.tail.unwant(at)
}

// tailFor is the fetcher for a partition. Neighbours share one, so that a topic is known to few of them. New fetchers are opened
// while there are many partitions for each.
func (t *tails) tailFor(at partition) *tail {
	if len(t.members) == 0 || len(t.watched) >= tailSize*len(t.members) && len(t.members) < mostTails(t.brokers()) {
		return t.addTail()
	}
	neighbours := fnv.New32a()
	_, _ = neighbours.Write([]byte(at.topic)) // a hash takes everything
	return t.members[(int(neighbours.Sum32())+int(at.id)/tailSize)%len(t.members)]
}

func (t *tails) addTail() *tail {
	added := newTail()
	t.members = append(t.members, added)
	t.crew.Join(func(ctx context.Context) error { return t.follow(ctx, added) })
	return added
}

// run keeps the fetchers going until ctx ends.
func (t *tails) run(ctx context.Context) error { return t.crew.Run(ctx) }

// reopen exchanges every fetcher for one with the connection's credentials. Each goes on from the offsets that were
// wanted of the old one, so no record is missed.
func (t *tails) reopen(connection Connection) {
	t.login.exchange(connection)
	t.mu.Lock()
	defer t.mu.Unlock()
	for at := range t.watched {
		t.newcomers.add(at, time.Now())
	}
}

// follow serves one fetcher after the other, each until the next credentials.
func (t *tails) follow(ctx context.Context, member *tail) error {
	for ctx.Err() == nil {
		connection, outdated := t.login.present()
		t.mu.Lock()
		member.startOver()
		t.mu.Unlock()
		if err := t.consume(ctx, outdated, connection, member); err != nil {
			return err
		}
	}
	return nil
}

// consume opens one fetcher and serves it until it is outdated. A fetcher that cannot be opened is left out: its
// partitions are observed by the refresh loop like all others, only later.
func (t *tails) consume(ctx context.Context, outdated <-chan struct{}, connection Connection, member *tail) error {
	fetcher, err := t.open(connection)
	if err != nil {
		t.log.Error("opening a client for push; activation waits for the next refresh", "error", err)
		select {
		case <-outdated:
		case <-ctx.Done():
		}
		return nil
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		defer cancel()
		select {
		case <-outdated:
		case <-ctx.Done():
		}
		return nil
	})
	group.Go(func() error { return fetcher.run(ctx, t.hit) })
	group.Go(func() error { t.assign(ctx, fetcher, member); return nil })
	return group.Wait() //nolint:wrapcheck // the loops return nothing else
}

// assign carries what is wanted of a fetcher over to it, as many changes at once as have come together.
func (t *tails) assign(ctx context.Context, fetcher fetcher, member *tail) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-member.changed:
		}
		t.mu.Lock()
		drop, add := member.takeChanges()
		t.mu.Unlock()
		fetcher.unassign(drop)
		fetcher.assign(add)
	}
}
