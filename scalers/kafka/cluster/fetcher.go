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

// sessionFetcher is the fetcher of a real cluster: one request waits at each broker that leads a partition. A partition is reported
// once, when its log has grown beyond the offset that it was assigned from, and is not fetched any more then.
type sessionFetcher struct {
	client    *brokerClient
	wait      time.Duration
	isolation int8
	brokers   *crew.Crew

	mu sync.Mutex
	// wanted are the partitions that are fetched; at lists those of each broker, with the offset that each is fetched from.
	wanted map[partition]*fetched
	at     map[int32]*brokerFetch
	// unplaced holds a signal while partitions have no broker.
	unplaced chan struct{}
}

// fetched is one partition that is waited for.
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

func openFetcher(c configured) (fetcher, error) { //nolint:ireturn // stands for the function that opens fakes
	client, err := openClient(c.connection, c.options)
	if err != nil {
		return nil, err
	}
	isolation := readUncommitted
	if c.committed {
		isolation = readCommitted
	}
	return newSessionFetcher(client, c.options.FetchWait, isolation), nil
}

func newSessionFetcher(client *brokerClient, wait time.Duration, isolation int8) *sessionFetcher {
	return &sessionFetcher{
		client: client, wait: wait, isolation: isolation, brokers: crew.New(),
		wanted: map[partition]*fetched{}, at: map[int32]*brokerFetch{}, unplaced: make(chan struct{}, 1),
	}
}

func (f *sessionFetcher) assign(from map[partition]int64) {
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

func (f *sessionFetcher) unassign(partitions []partition) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, at := range partitions {
		f.drop(at)
	}
}

// drop ends the wait for a partition. The broker hears of it with its next request.
func (f *sessionFetcher) drop(at partition) {
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

// run reports partitions until ctx ends, and closes the client.
func (f *sessionFetcher) run(ctx context.Context, found func(at partition, offset int64)) error {
	defer f.client.close()
	f.brokers.Join(func(ctx context.Context) error { f.place(ctx, found); return nil })
	return f.brokers.Run(ctx)
}

// place gives partitions to the brokers that lead them, whenever some have none.
func (f *sessionFetcher) place(ctx context.Context, found func(at partition, offset int64)) {
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
				f.placeSome(ctx, due, found)
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
func (f *sessionFetcher) due(now time.Time) (due []partition, wait time.Duration, left bool) {
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
func (f *sessionFetcher) placeSome(ctx context.Context, due []partition, found func(at partition, offset int64)) {
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
		f.broker(leader.broker, found).fetch(at, w.from)
	}
}

// topicsToRead are the topics of partitions whose leader is not known, or failed.
func (f *sessionFetcher) topicsToRead(due []partition) (topics []string) {
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

func (f *sessionFetcher) broker(id int32, found func(at partition, offset int64)) *brokerFetch {
	b, begun := f.at[id]
	if !begun {
		b = &brokerFetch{partitions: map[partition]int64{}, changed: make(chan struct{}, 1)}
		f.at[id] = b
		f.brokers.Join(func(ctx context.Context) error { f.fetch(ctx, id, b, found); return nil })
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
func (f *sessionFetcher) fetch(ctx context.Context, broker int32, b *brokerFetch, found func(at partition, offset int64)) {
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
		response, err := f.client.askFor(ctx, broker, request, f.wait+f.client.timeout)
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
		for at, offset := range f.grown(broker, states, time.Now()) {
			found(at, offset)
		}
	}
}

// isLostSession reports whether a broker has forgotten a session, as it does when it has too many.
func isLostSession(err error) bool {
	return errors.Is(err, kerr.FetchSessionIDNotFound) || errors.Is(err, kerr.InvalidFetchSessionEpoch)
}

func (f *sessionFetcher) next(b *brokerFetch, session *fetchSession) *kmsg.FetchRequest {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(b.partitions) == 0 {
		return nil
	}
	return session.next(b.partitions, int32(f.wait.Milliseconds()), f.isolation) //nolint:gosec // some seconds
}

// fail takes all partitions from a broker that does not answer.
func (f *sessionFetcher) fail(b *brokerFetch, now time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for at := range b.partitions {
		f.wanted[at].fail(now)
	}
	clear(b.partitions)
	news.Signal(f.unplaced)
}

// grown drops the partitions whose logs have grown, and returns an offset that is new in each. A log that does not reach to the offset
// that is waited for, or begins behind it, was made again or lost records: that is news as well. What a broker cannot answer for
// is placed anew.
func (f *sessionFetcher) grown(broker int32, states []logState, now time.Time) map[partition]int64 {
	grown := map[partition]int64{}
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, state := range states {
		w, is := f.wanted[state.at]
		if !is || !w.placed || w.broker != broker {
			continue
		}
		switch {
		case errors.Is(state.err, kerr.OffsetOutOfRange):
			grown[state.at] = w.from
			f.drop(state.at)
		case state.err != nil:
			delete(f.at[broker].partitions, state.at)
			w.fail(now)
			news.Signal(f.unplaced)
		case state.end > w.from:
			grown[state.at] = state.end - 1
			f.drop(state.at)
		}
	}
	return grown
}
