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
	// waiting are the subscriptions that want to be observed at once; wake tells the urgent loop of them.
	waiting map[*Subscription]struct{}
	wake    chan struct{}
	health  health
}

func newSession(connection Connection, options Options, onLeave func(*session, *Subscription)) *session {
	return &session{
		connection: connection, options: options, onLeave: onLeave, open: openSource,
		log:           options.Log.With("connection", connection.Name),
		abandoned:     make(chan struct{}),
		subscriptions: map[*Subscription]struct{}{}, waiting: map[*Subscription]struct{}{},
		wake: make(chan struct{}, 1),
	}
}

func openSource(connection Connection, options Options) (source, error) {
	return openClient(connection, options)
}

func (s *session) join(want Want) *Subscription {
	subscription := newSubscription(s, want)
	s.mu.Lock()
	s.subscriptions[subscription] = struct{}{}
	s.mu.Unlock()
	s.hurry(subscription)
	return subscription
}

func (s *session) leave(subscription *Subscription) { s.onLeave(s, subscription) }

// remove forgets a subscription and counts those left.
func (s *session) remove(subscription *Subscription) (left int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.subscriptions, subscription)
	delete(s.waiting, subscription)
	return len(s.subscriptions)
}

// hurry asks for the subscription to be observed at once. Asking again before that happened changes nothing.
func (s *session) hurry(subscription *Subscription) {
	s.mu.Lock()
	s.waiting[subscription] = struct{}{}
	s.mu.Unlock()
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

var errAbandoned = errors.New("nobody subscribes any more")

// run serves until ctx ends or everybody left. Three loops share the client: events listens for what librdkafka reports
// unasked, refresh observes every subscription in its turn, and urgent observes those that cannot wait for it.
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

// takeWaiting lists those that want to be observed at once, and forgets that they did.
func (s *session) takeWaiting() []*Subscription {
	s.mu.Lock()
	defer s.mu.Unlock()
	waiting := slices.Collect(maps.Keys(s.waiting))
	clear(s.waiting)
	return waiting
}

// attempt observes the subscriptions and tells each of them the outcome. It returns the cluster's own fault, if that
// was it.
func (s *session) attempt(ctx context.Context, source source, subscriptions []*Subscription) *Fault {
	if len(subscriptions) == 0 {
		return nil
	}
	wants := make([]Want, len(subscriptions))
	for i, subscription := range subscriptions {
		wants[i] = subscription.want
	}
	began := time.Now()
	results, fault := observe(ctx, source, began, wants)
	if ctx.Err() != nil {
		return nil
	}
	s.mu.Lock()
	fault = s.health.after(fault, time.Now())
	s.mu.Unlock()
	for i, subscription := range subscriptions {
		if fault != nil {
			results[i] = result{fault: fault}
		}
		subscription.publish(began, results[i])
	}
	return fault
}

// trouble is the cluster's present fault, if it has one.
func (s *session) trouble() *Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.health.fault
}
