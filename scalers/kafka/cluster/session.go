package cluster

import (
	"context"
	"crypto/sha256"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/lagwise/lagwise/scalers/news"
	"github.com/lagwise/lagwise/scalers/pace"
	"github.com/lagwise/lagwise/scalers/rotation"
)

// session observes one connection for everybody who subscribed to it.
type session struct {
	key [sha256.Size]byte
	// connection has the credentials that the session began with.
	connection Connection
	options    Options
	log        *slog.Logger
	open       func(Connection, Options) (client, error)
	read       func(configured) (reader, error)
	// abandoned is closed when the last subscription left.
	abandoned chan struct{}
	// rotation has new credentials, until they are in use.
	rotation rotation.Rotation[Connection]
	onLeave  func(*session, *Subscription)

	cache  *offsetCache
	counts counts
	// requests are those that are under way.
	requests sync.WaitGroup
	// wake tells the urgent loop that there is something to do.
	wake chan struct{}

	mu            sync.Mutex
	subscriptions map[*Subscription]struct{}
	// waiting are the subscriptions that cannot wait for their turn, and when each is due.
	waiting map[*Subscription]time.Time
	// refreshing and hurried are the subscriptions that a refresh, or an urgent snapshot, has not delivered yet.
	refreshing, hurried map[*Subscription]struct{}
	health              health
	present             client
	// lanes read records, for triggers that are read_committed and for those that are not.
	lanes map[bool]lane
	// cycle is the turn of refresh.
	cycle pace.Cycle
}

func newSession(connection Connection, options Options, onLeave func(*session, *Subscription)) *session {
	s := &session{
		connection: connection, options: options, onLeave: onLeave,
		log:           options.Log.With("connection", connection.Name),
		abandoned:     make(chan struct{}),
		rotation:      rotation.New[Connection](),
		subscriptions: map[*Subscription]struct{}{}, waiting: map[*Subscription]time.Time{},
		refreshing: map[*Subscription]struct{}{}, hurried: map[*Subscription]struct{}{},
		wake:   make(chan struct{}, 1),
		cache:  newOffsetCache(options.TopicLife, options.GroupLife),
		cycle:  pace.Cycle{Interval: options.RefreshInterval, Age: options.MaxSnapshotAge},
		counts: newCounts(),
	}
	s.lanes = map[bool]lane{}
	for _, committed := range []bool{false, true} {
		s.lanes[committed] = newLane(committed, s)
	}
	return s
}

func openBrokers(connection Connection, options Options) (client, error) { //nolint:ireturn // stands for the function that opens fakes
	return openClient(connection, options)
}

func (s *session) join(want Want) *Subscription {
	subscription := newSubscription(s, want)
	s.mu.Lock()
	s.subscriptions[subscription] = struct{}{}
	s.mu.Unlock()
	s.hurry(subscription, time.Now())
	return subscription
}

func (s *session) leave(subscription *Subscription) { s.onLeave(s, subscription) }

// remove forgets a subscription and counts those left.
func (s *session) remove(subscription *Subscription) (left int) {
	s.mu.Lock()
	delete(s.subscriptions, subscription)
	delete(s.waiting, subscription)
	left = len(s.subscriptions)
	s.mu.Unlock()
	s.laneOf(subscription.want).tails.unwatch(subscription)
	return left
}

func (s *session) laneOf(want Want) lane { return s.lanes[want.Needs.ReadCommitted] }

// hurry asks for the subscription to be observed when it is due, if that is not asked for already.
func (s *session) hurry(subscription *Subscription, due time.Time) {
	s.mu.Lock()
	earlier, waits := s.waiting[subscription]
	if _, joined := s.subscriptions[subscription]; joined && (!waits || due.Before(earlier)) {
		s.waiting[subscription] = due
	}
	s.mu.Unlock()
	news.Signal(s.wake)
}

func (s *session) isDueOrGone(subscription *Subscription) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, due := s.waiting[subscription]
	_, joined := s.subscriptions[subscription]
	return due || !joined
}

// takeDue lists those that are due: those whose latest observation failed, or the others. One that an urgent snapshot is still reading is
// due when that has delivered it.
func (s *session) takeDue(now time.Time, failing bool) (due []*Subscription) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for subscription, at := range s.waiting {
		if _, hurried := s.hurried[subscription]; hurried || at.After(now) || subscription.isFailing() != failing {
			continue
		}
		due = append(due, subscription)
		delete(s.waiting, subscription)
		s.hurried[subscription] = struct{}{}
	}
	return due
}

// nextDue is how long the next one has time.
func (s *session) nextDue(now time.Time) (next time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	next = time.Hour
	for subscription, at := range s.waiting {
		if _, hurried := s.hurried[subscription]; !hurried {
			next = min(next, max(0, at.Sub(now)))
		}
	}
	return next
}

// takeIdle lists those that no refresh is still reading.
func (s *session) takeIdle() (idle []*Subscription) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for subscription := range s.subscriptions {
		if _, refreshing := s.refreshing[subscription]; !refreshing {
			idle = append(idle, subscription)
			s.refreshing[subscription] = struct{}{}
		}
	}
	return idle
}

var errAbandoned = errors.New("nobody subscribes any more")

// run serves until ctx ends or the last subscription left. Its loops share one client: refresh observes every subscription in its
// turn, and urgent observes those that cannot wait for it. The lanes, with clients of their own, tell urgent of records, and read
// those that some triggers need to know more of. rotate exchanges all clients when the credentials have changed.
func (s *session) run(ctx context.Context) error {
	rotating, err := openRotating(s.connection, func(connection Connection) (client, error) { return s.open(connection, s.options) })
	if err != nil {
		s.log.Error("cannot open the Kafka client", "error", err)
	}
	client := countedClient{client: rotating, counts: s.counts}
	s.mu.Lock()
	s.present = client
	s.mu.Unlock()
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		select {
		case <-s.abandoned:
			return errAbandoned
		case <-ctx.Done():
			return nil
		}
	})
	group.Go(func() error { s.refresh(ctx, client); return nil })
	group.Go(func() error { s.urgent(ctx, client); return nil })
	group.Go(func() error { s.rotate(ctx, rotating); return nil })
	for _, lane := range s.lanes {
		group.Go(func() error { return lane.run(ctx, client) })
	}
	err = group.Wait()
	s.requests.Wait()
	rotating.close()
	if errors.Is(err, errAbandoned) {
		return nil
	}
	return err //nolint:wrapcheck // the loops return nothing else
}

// throttled returns why answers are late, where a broker's quota is the reason.
func (s *session) throttled(now time.Time) error {
	s.mu.Lock()
	present := s.present
	s.mu.Unlock()
	if present == nil {
		return nil
	}
	return present.throttled(now)
}

// brokers is how many brokers the cluster has, as far as it is known.
func (s *session) brokers() int {
	s.mu.Lock()
	present := s.present
	s.mu.Unlock()
	if present == nil {
		return 0
	}
	return present.brokers()
}

// everybody lists the subscriptions of this moment.
func (s *session) everybody() []*Subscription {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Collect(maps.Keys(s.subscriptions))
}

// trouble is why no broker answers; nil while any does.
func (s *session) trouble() *Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.health.fault
}

// noteHealth keeps whether any broker answers, and logs when that changes.
func (s *session) noteHealth(fault *Fault) {
	now := time.Now()
	s.mu.Lock()
	began := s.health.since
	changed := s.health.note(fault, now)
	s.mu.Unlock()
	switch {
	case !changed:
	case fault != nil:
		s.log.Warn("Kafka unreachable", "error", fault)
	default:
		s.log.Info("Kafka reachable again", "after", now.Sub(began).Round(time.Millisecond))
	}
}
