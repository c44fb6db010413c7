package cluster

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/lagwise/lagwise/scalers/crew"
	"github.com/lagwise/lagwise/scalers/news"
	"github.com/lagwise/lagwise/scalers/pace"
)

// The isolation levels of a Fetch.
const (
	readUncommitted int8 = 0
	readCommitted   int8 = 1
)

// A partition that cannot be fetched is tried again after a random time below a limit that doubles from firstFetchRetry to
// lastFetchRetry. Its failures are forgotten when it was left alone for fetchForgives.
const (
	firstFetchRetry = 100 * time.Millisecond
	lastFetchRetry  = 2 * time.Second
	fetchForgives   = 30 * time.Second
)

// fetchLoops fetch from partitions: one request at a time waits at each broker that leads some of them.
type fetchLoops struct {
	client    *brokerClient
	size      fetchSize
	isolation int8
	brokers   *crew.Crew

	mu sync.Mutex
	// wanted are the partitions that are fetched; at lists those of each broker, with the offset that each is fetched from.
	wanted map[partition]*fetched
	at     map[int32]*brokerFetch
	// unplaced holds a signal while partitions have no broker.
	unplaced chan struct{}
}

// fetched is one partition that is fetched.
type fetched struct {
	from int64
	// broker is the leader that it is fetched from, where placed is set.
	broker int32
	placed bool
	// failures were counted in a row, the last one at failed; it is not placed before retry.
	failures      int
	failed, retry time.Time
}

// brokerFetch is what is fetched from one broker.
type brokerFetch struct {
	partitions map[partition]int64
	changed    chan struct{}
}

func openLoops(c configured, size fetchSize) (*fetchLoops, error) {
	client, err := openClient(c.connection, c.options)
	if err != nil {
		return nil, err
	}
	isolation := readUncommitted
	if c.committed {
		isolation = readCommitted
	}
	return newFetchLoops(client, size, isolation), nil
}

func newFetchLoops(client *brokerClient, size fetchSize, isolation int8) *fetchLoops {
	return &fetchLoops{
		client: client, size: size, isolation: isolation, brokers: crew.New(),
		wanted: map[partition]*fetched{}, at: map[int32]*brokerFetch{}, unplaced: make(chan struct{}, 1),
	}
}

func (f *fetchLoops) assign(from map[partition]int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for at, offset := range from {
		w, found := f.wanted[at]
		if !found {
			w = &fetched{}
			f.wanted[at] = w
		}
		w.from = offset
		if w.placed {
			f.at[w.broker].fetch(at, offset)
		}
	}
	news.Signal(f.unplaced)
}

func (f *fetchLoops) unassign(partitions []partition) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, at := range partitions {
		f.drop(at)
	}
}

// drop ends the wait for a partition. The broker hears of it with its next request.
func (f *fetchLoops) drop(at partition) {
	w, found := f.wanted[at]
	if !found {
		return
	}
	delete(f.wanted, at)
	if w.placed {
		delete(f.at[w.broker].partitions, at)
	}
}

func (b *brokerFetch) fetch(at partition, from int64) {
	b.partitions[at] = from
	news.Signal(b.changed)
}

// use is what becomes of what is fetched. It is called from several goroutines, for one partition after the other at each broker.
type use interface {
	take(from int64, state logState) taken
}

// taken is what a partition's answer comes to.
type taken struct {
	// next is the offset to fetch from next; done says that the partition is not fetched any more, later that it is left alone for a while.
	next        int64
	done, later bool
	// report hands on what was found, after the partition has been moved; nil for nothing.
	report func(ctx context.Context)
}

// run fetches until ctx ends, and closes the client.
func (f *fetchLoops) run(ctx context.Context, to use) error {
	defer f.client.close()
	f.brokers.Join(func(ctx context.Context) error { f.place(ctx, to); return nil })
	return f.brokers.Run(ctx)
}

// place gives partitions to the brokers that lead them, whenever some have none.
func (f *fetchLoops) place(ctx context.Context, to use) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-f.unplaced:
		}
		for {
			due, wait, left := f.due(time.Now())
			if !left {
				break
			}
			if len(due) > 0 {
				f.placeSome(ctx, due, to)
				continue
			}
			select {
			case <-ctx.Done():
				return
			case <-f.unplaced: // others may be due at once
			case <-time.After(wait):
			}
		}
	}
}

// due lists the partitions without a broker that may be placed now; wait is how long the next of them is left alone, and left
// reports whether there are any.
func (f *fetchLoops) due(now time.Time) (due []partition, wait time.Duration, left bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	wait = lastFetchRetry
	for at, w := range f.wanted {
		switch {
		case w.placed:
			continue
		case w.retry.After(now):
			wait = min(wait, w.retry.Sub(now))
		default:
			due = append(due, at)
		}
		left = true
	}
	return due, wait, left
}

// placeSome reads the leaders that are not known, or not known to lead any more. A partition that cannot be placed is left alone for a while.
func (f *fetchLoops) placeSome(ctx context.Context, due []partition, to use) {
	f.client.refreshLeaders(ctx, f.topicsToRead(due))
	now := time.Now()
	admitted := map[int32]error{}
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, at := range due {
		w, is := f.wanted[at]
		if !is || w.placed {
			continue
		}
		leader := f.client.routes.leaderOf(at, now)
		err := leader.err
		if err == nil {
			if known, asked := admitted[leader.broker]; asked {
				err = known
			} else {
				err = f.client.backoff.admit(leader.broker, now)
				admitted[leader.broker] = err
			}
		}
		if err != nil {
			w.fail(now)
			continue
		}
		w.broker, w.placed = leader.broker, true
		f.broker(leader.broker, to).fetch(at, w.from)
	}
}

// topicsToRead are the topics of partitions whose leader is not known, or failed.
func (f *fetchLoops) topicsToRead(due []partition) (topics []string) {
	now := time.Now()
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, at := range due {
		if w, is := f.wanted[at]; is && (w.failures > 0 || f.client.routes.leaderOf(at, now).err != nil) {
			topics = append(topics, at.topic)
		}
	}
	return topics
}

func (f *fetchLoops) broker(id int32, to use) *brokerFetch {
	b, begun := f.at[id]
	if !begun {
		b = &brokerFetch{partitions: map[partition]int64{}, changed: make(chan struct{}, 1)}
		f.at[id] = b
		f.brokers.Join(func(ctx context.Context) error { f.fetch(ctx, id, b, to); return nil })
	}
	return b
}

func (w *fetched) fail(now time.Time) {
	if now.Sub(w.failed) > fetchForgives {
		w.failures = 0
	}
	w.placed, w.failed = false, now
	w.retry = now.Add(pace.Backoff{First: firstFetchRetry, Last: lastFetchRetry}.Pause(w.failures))
	w.failures++
}

// fetch keeps one request waiting at a broker, as long as there is something to wait for.
func (f *fetchLoops) fetch(ctx context.Context, broker int32, b *brokerFetch, to use) {
	session := newFetchSession()
	for ctx.Err() == nil {
		request := f.next(b, &session)
		if request == nil {
			select {
			case <-ctx.Done():
			case <-b.changed:
			}
			continue
		}
		response, err := f.client.askFor(ctx, broker, request, f.size.wait+f.client.timeout)
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			session.startOver()
			f.fail(b, time.Now())
			continue
		}
		states, err := session.take(response.(*kmsg.FetchResponse), f.isolation) //nolint:forcetypeassert // the request's own response
		if err != nil && !isLostSession(err) {
			f.fail(b, time.Now())
			continue
		}
		for _, state := range states {
			f.take(ctx, broker, state, to)
		}
	}
}

// isLostSession reports whether a broker has forgotten a session, as it does when it has too many.
func isLostSession(err error) bool {
	return errors.Is(err, kerr.FetchSessionIDNotFound) || errors.Is(err, kerr.InvalidFetchSessionEpoch)
}

func (f *fetchLoops) next(b *brokerFetch, session *fetchSession) *kmsg.FetchRequest {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(b.partitions) == 0 {
		return nil
	}
	return session.next(b.partitions, f.size, f.isolation)
}

// fail takes all partitions from a broker that does not answer.
func (f *fetchLoops) fail(b *brokerFetch, now time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for at := range b.partitions {
		f.wanted[at].fail(now)
	}
	clear(b.partitions)
	news.Signal(f.unplaced)
}

// take uses what was fetched of a partition, unless that was assigned anew meanwhile. What the broker cannot answer for is placed anew.
func (f *fetchLoops) take(ctx context.Context, broker int32, state logState, to use) {
	if isMoved(state.err) {
		f.replace(broker, state.at, time.Now())
		return
	}
	from, placed := f.placedAt(broker, state.at)
	if !placed {
		return
	}
	t := to.take(from, state)
	if t.later {
		f.replace(broker, state.at, time.Now())
		return
	}
	if f.move(broker, state.at, from, t) && t.report != nil {
		t.report(ctx)
	}
}

func (f *fetchLoops) replace(broker int32, at partition, now time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if w, is := f.wanted[at]; is && w.placed && w.broker == broker {
		delete(f.at[broker].partitions, at)
		w.fail(now)
		news.Signal(f.unplaced)
	}
}

// placedAt returns the offset that a partition is fetched from, where the broker is the one that it is fetched from.
func (f *fetchLoops) placedAt(broker int32, at partition) (from int64, placed bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	w, is := f.wanted[at]
	if !is || !w.placed || w.broker != broker {
		return 0, false
	}
	return w.from, true
}

// move takes a partition to where it is fetched from next, if it is fetched from that offset still.
func (f *fetchLoops) move(broker int32, at partition, from int64, t taken) (moved bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	w, is := f.wanted[at]
	if !is || !w.placed || w.broker != broker || w.from != from {
		return false
	}
	switch {
	case t.done:
		f.drop(at)
	case t.next != from:
		w.from = t.next
		f.at[broker].fetch(at, t.next)
	}
	return true
}
