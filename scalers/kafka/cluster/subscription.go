package cluster

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/lagwise/lagwise/scalers/lag"
	"github.com/lagwise/lagwise/scalers/news"
)

// Subscription is one trigger's view of a session: the latest observation of what it wants, kept fresh by the session.
// Methods are safe for concurrent use.
type Subscription struct {
	want    Want
	session *session
	// attempts are told of each attempt to observe.
	attempts *news.News

	mu      sync.Mutex
	seen    bool // an observation was made at least once
	failed  int  // how many attempts failed in a row
	latest  lag.Observation
	history []lag.Observation
	fault   *Fault // why the last attempt failed; nil after a success
	closed  bool
	rest    rest
	// woken is when a record was noticed that no observation shows yet; zero for none.
	woken time.Time
}

func newSubscription(session *session, want Want) *Subscription {
	return &Subscription{want: want, session: session, attempts: news.New()}
}

// View answers from memory. Only the first question about a new subscription waits, until the session has looked once or
// ctx ends. An observation older than the session's maxSnapshotAge is not served: then the answer is a Fault at once, with
// the age and the cause.
func (s *Subscription) View(ctx context.Context) (lag.View, error) {
	select {
	case <-s.attempts.First():
	default:
		if err := s.awaitFirst(ctx); err != nil {
			return lag.View{}, err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	view, age, fresh := s.look()
	switch {
	case !s.seen:
		return lag.View{}, s.fault
	case !fresh:
		return lag.View{}, s.stale(age)
	default:
		return view, nil
	}
}

// Glance is what View would answer without waiting, where that is no error.
func (s *Subscription) Glance() (view lag.View, fresh bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	view, _, fresh = s.look()
	return view, fresh
}

// look must be called under the lock.
func (s *Subscription) look() (view lag.View, age time.Duration, fresh bool) {
	now := time.Now()
	age = now.Sub(s.latest.At)
	return lag.View{Now: now, Latest: s.latest, History: s.history}, age, s.seen && age <= s.session.cycle.MaxAge()
}

// awaitFirst waits for the first observation, until ctx ends.
func (s *Subscription) awaitFirst(ctx context.Context) error {
	began := time.Now()
	select {
	case <-s.attempts.First():
		return nil
	case <-ctx.Done():
	}
	if fault := s.session.trouble(); fault != nil {
		return fault
	}
	about := fmt.Sprintf("the first observation is still under way at connection %s", s.session.connection.Name)
	if throttled := s.session.throttled(time.Now()); throttled != nil {
		return &Fault{Kind: Throttled, About: about, Err: throttled}
	}
	return &Fault{Kind: Unfinished, About: about, Err: fmt.Errorf("no answer within %s", time.Since(began).Round(10*time.Millisecond))}
}

func (s *Subscription) stale(age time.Duration) *Fault {
	age = age.Round(100 * time.Millisecond)
	if s.fault == nil {
		return &Fault{Kind: Stale, About: fmt.Sprintf("the last observation is %s old", age)}
	}
	return &Fault{Kind: s.fault.Kind, About: s.fault.About, Err: fmt.Errorf("%w (last good observation %s ago)", s.fault.cause(), age)}
}

// Listen gives a channel that receives when a new observation was made; it holds one signal, and more are dropped. stop
// must be called.
func (s *Subscription) Listen() (changed <-chan struct{}, stop func()) { return s.attempts.Listen() }

// publish takes a new result, and returns how many have failed in a row. One that was begun before what is known already is dropped.
func (s *Subscription) publish(at time.Time, r result) (failures int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.seen && at.Before(s.latest.At) {
		return s.failed
	}
	s.failed++
	if r.fault == nil {
		s.failed = 0
	}
	if s.fault = r.fault; r.fault == nil {
		before := s.latest
		if at.Sub(before.At) > s.session.cycle.MaxAge() {
			before.Group = before.Group.Unwatched()
		}
		r.observation.Group = r.observation.Follows(before, s.want.Needs)
		if s.seen {
			s.history = lag.Remember(s.history, s.latest, s.want.Needs.History)
		}
		s.latest, s.seen = r.observation, true
		if !s.woken.IsZero() && !at.Before(s.woken) {
			s.latest.Woken, s.woken = s.woken, time.Time{}
		}
	}
	s.attempts.Tell()
	return s.failed
}

// isFailing reports whether the latest attempt failed.
func (s *Subscription) isFailing() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.failed > 0
}

// hasSeen reports whether an observation was ever made.
func (s *Subscription) hasSeen() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.seen
}

// Close ends the subscription; the last one out closes the session.
func (s *Subscription) Close() error {
	s.mu.Lock()
	again := s.closed
	s.closed = true
	s.mu.Unlock()
	if !again {
		s.session.leave(s)
	}
	return nil
}
