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

// source is a cluster as a session needs it: what it answers, and what it reports unasked.
type source interface {
	admin
	reporter
}

// reporter tells of errors that belong to no request, such as a rejected password.
type reporter interface {
	// poll waits at most wait for such an error; nil when there was none.
	poll(wait time.Duration) error
	close() error
}

// session observes one connection for everybody who subscribed to it.
type session struct {
	key [sha256.Size]byte
	// connection has the credentials that the session began with.
	connection Connection
	options    Options
	log        *slog.Logger
	open       func(Connection, Options) (source, error)
	read       func(configured) (reader, error)
	// abandoned is closed when the last subscription left.
	abandoned chan struct{}
	// rotation has new credentials, until they are in use.
	rotation rotation.Rotation[Connection]
	onLeave  func(*session, *Subscription)

	mu            sync.Mutex
	subscriptions map[*Subscription]struct{}
	// waiting are the subscriptions that cannot wait for their turn, and when each is due; wake tells the urgent loop.
	waiting map[*Subscription]time.Time
	wake    chan struct{}
	health  health
	ledger  *ledger
	counts  counts
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
		wake:   make(chan struct{}, 1),
		ledger: newLedger(options.TopicLife, options.GroupLife),
		cycle:  pace.Cycle{Interval: options.RefreshInterval, Age: options.MaxSnapshotAge},
		counts: newCounts(),
	}
	s.lanes = map[bool]lane{}
	for _, committed := range []bool{false, true} {
		s.lanes[committed] = newLane(committed, s)
	}
	return s
}

func openSource(connection Connection, options Options) (source, error) { //nolint:ireturn // stands for the function that opens fakes
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

// takeDue lists those that are due, forgets that they were, and says how long the next one has time.
func (s *session) takeDue(now time.Time) (due []*Subscription, next time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	next = time.Hour
	for subscription, at := range s.waiting {
		if left := at.Sub(now); left > 0 {
			next = min(next, left)
			continue
		}
		due = append(due, subscription)
		delete(s.waiting, subscription)
	}
	return due, next
}

var errAbandoned = errors.New("nobody subscribes any more")

// run serves until ctx ends or everybody left. Three loops share one client: events listens for what librdkafka reports
// unasked, refresh observes every subscription in its turn, and urgent observes those that cannot wait for it. The lanes, with
// clients of their own, tell urgent of records, and look at those that some triggers need to know more of. rotate exchanges all
// clients when the credentials have changed.
func (s *session) run(ctx context.Context) error {
	renewal, err := openRenewed(s.connection, func(connection Connection) (source, error) { return s.open(connection, s.options) })
	if err != nil {
		s.log.Error("opening the Kafka client", "error", err)
	}
	source := counted{source: renewal, counts: s.counts}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		select {
		case <-s.abandoned:
			return errAbandoned
		case <-ctx.Done():
			return nil
		}
	})
	group.Go(func() error { s.events(ctx, source); return nil })
	group.Go(func() error { s.refresh(ctx, source); return nil })
	group.Go(func() error { s.urgent(ctx, source); return nil })
	group.Go(func() error { s.rotate(ctx, renewal); return nil })
	for _, lane := range s.lanes {
		group.Go(func() error { return lane.run(ctx, source) })
	}
	err = group.Wait()
	if closeErr := source.close(); closeErr != nil {
		s.log.Warn("closing the Kafka client", "error", closeErr)
	}
	if errors.Is(err, errAbandoned) {
		return nil
	}
	return err //nolint:wrapcheck // the loops return nothing else
}

// everybody lists the subscriptions of this moment.
func (s *session) everybody() []*Subscription {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Collect(maps.Keys(s.subscriptions))
}

// attempt observes the subscriptions and tells each of them the outcome. It returns the cluster's own fault, if that
// was it.
func (s *session) attempt(ctx context.Context, source source, subscriptions []*Subscription, urgent bool) *Fault {
	if len(subscriptions) == 0 {
		return nil
	}
	wants := make([]Want, len(subscriptions))
	for i, subscription := range subscriptions {
		wants[i] = subscription.want
	}
	began := time.Now()
	pass := &pass{admin: source, ledger: s.ledger, at: began, wants: wants, urgent: urgent}
	results, fault := pass.observe(ctx)
	select {
	case <-ctx.Done(): // what was read is of no use any more
		return nil
	default:
	}
	s.mu.Lock()
	now := time.Now()
	everythingAnswered := true
	for i := range results {
		unanswered := results[i].fault != nil && results[i].fault.wholeCluster()
		everythingAnswered = everythingAnswered && !unanswered
		results[i].fault = s.health.explain(results[i].fault, now)
	}
	fault = s.health.after(fault, everythingAnswered, now)
	s.mu.Unlock()
	for i, subscription := range subscriptions {
		if fault != nil {
			results[i] = result{fault: fault}
		}
		s.deliver(subscription, began, results[i], urgent)
	}
	return fault
}

// trouble is the cluster's present fault, if it has one.
func (s *session) trouble() *Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.health.fault
}
