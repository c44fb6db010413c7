package cluster

import (
	"context"
	"crypto/sha256"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
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
	key        [sha256.Size]byte
	connection Connection
	options    Options
	log        *slog.Logger
	open       func(Connection, Options) (source, error)
	// abandoned is closed when the last subscription left.
	abandoned chan struct{}
	onLeave   func(*session, *Subscription)

	mu            sync.Mutex
	subscriptions map[*Subscription]struct{}
	// waiting are the subscriptions that cannot wait for their turn, and when each is due; wake tells the urgent loop.
	waiting map[*Subscription]time.Time
	wake    chan struct{}
	health  health
	ledger  *ledger
	tails   *tails
	// cycle is how long the latest refresh and the pause after it take together, in nanoseconds.
	cycle atomic.Int64
}

func newSession(connection Connection, options Options, onLeave func(*session, *Subscription)) *session {
	s := &session{
		connection: connection, options: options, onLeave: onLeave,
		log:           options.Log.With("connection", connection.Name),
		abandoned:     make(chan struct{}),
		subscriptions: map[*Subscription]struct{}{}, waiting: map[*Subscription]time.Time{},
		wake:   make(chan struct{}, 1),
		ledger: newLedger(options.TopicLife, options.GroupLife),
	}
	s.tails = newTails(func() (fetcher, error) { return openConsumer(connection, options) }, fetchWait(options), s.wakeUp, s.log)
	return s
}

func openSource(connection Connection, options Options) (source, error) { //nolint:ireturn // stands for the function that opens fakes
	return openRenewed(func() (source, error) { return openClient(connection, options) })
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
	s.tails.unwatch(subscription)
	return left
}

// hurry asks for the subscription to be observed when it is due, if that is not asked for already.
func (s *session) hurry(subscription *Subscription, due time.Time) {
	s.mu.Lock()
	earlier, waits := s.waiting[subscription]
	if _, joined := s.subscriptions[subscription]; joined && (!waits || due.Before(earlier)) {
		s.waiting[subscription] = due
	}
	s.mu.Unlock()
	select {
	case s.wake <- struct{}{}:
	default:
	}
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
// unasked, refresh observes every subscription in its turn, and urgent observes those that cannot wait for it. The tails,
// with clients of their own, tell urgent of records.
func (s *session) run(ctx context.Context) error {
	source, err := s.open(s.connection, s.options)
	if err != nil {
		source = broken{faultOf("connection "+s.connection.Name, err)}
		s.log.Error("opening the Kafka client", "error", err)
	}
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
	group.Go(func() error { return s.tails.run(ctx) })
	group.Go(func() error {
		s.tails.lookAfterNewcomers(ctx, func(ctx context.Context, partitions []partition) (map[partition]offsetState, error) {
			return source.offsets(ctx, logEnd, partitions)
		})
		return nil
	})
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
		subscription.publish(began, results[i])
		// A topic that was just made answers "not leader" for a moment; its first observation need not wait for a refresh.
		if urgent && fault == nil && results[i].fault.passes() && !subscription.hasSeen() {
			s.hurry(subscription, time.Now().Add(retryAfter(1)))
		}
	}
	return fault
}

// trouble is the cluster's present fault, if it has one.
func (s *session) trouble() *Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.health.fault
}
