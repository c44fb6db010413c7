package broker

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/lagwise/lagwise/scalers/news"
)

// subject is what several triggers may want, and what is known of it.
type subject struct {
	want Want
	// users is how many subscriptions share it, under the session's lock.
	users int
	// apart is set while it is asked apart from the others, under the session's lock.
	apart *apart
	// attempts are told of each attempt to look.
	attempts *news.News

	mu     sync.Mutex
	seen   bool
	latest Observation
	fault  *Fault // why the last attempt failed; nil after a success
	// emptied is since when the queue seems to have lost everything at once; zero while it does not.
	emptied time.Time
	// armers are the subscriptions that wait for a change; none is looked for before restUntil.
	armers    map[*Subscription]struct{}
	restUntil time.Time
}

func newSubject(want Want) *subject {
	return &subject{
		want: want, attempts: news.New(), armers: map[*Subscription]struct{}{},
	}
}

// publish takes a new observation. One that was begun before what is known already is dropped.
func (s *subject) publish(observation Observation) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.seen && observation.At.Before(s.latest.At) {
		return
	}
	if s.seen && !s.latest.Woken.IsZero() && slices.Equal(s.latest.Queues, observation.Queues) {
		observation.Woken = s.latest.Woken // it may not have been told yet
	}
	s.latest, s.seen, s.fault, s.emptied = observation, true, nil, time.Time{}
	s.attempts.Tell()
}

// glance takes an observation out of turn, and says whether it is news: what has not changed is none, and what is doubted is left to
// the refresh.
func (s *subject) glance(observation Observation, rest time.Duration) (news bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.seen && (observation.At.Before(s.latest.At) || slices.Equal(s.latest.Queues, observation.Queues) || observation.losesAll(s.latest)) {
		return false
	}
	observation.Woken = time.Now()
	s.restUntil = observation.Woken.Add(rest)
	s.latest, s.seen, s.fault, s.emptied = observation, true, nil, time.Time{}
	s.attempts.Tell()
	return true
}

// fail takes why an attempt failed. What was seen before serves until it is too old.
func (s *subject) fail(fault *Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.emptied = time.Time{} // whoever has not been heard meanwhile does not say it for the second time
	s.fault = fault
	if !fault.passes() {
		s.seen = false
	}
	s.attempts.Tell()
}

// doubt takes why an answer is not believed yet.
func (s *subject) doubt(fault *Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fault = fault
	s.attempts.Tell()
}

// watched says whether somebody waits for a change, and whether none is looked for now: after one, and after a failure, which is left
// to the refresh.
func (s *subject) watched(now time.Time) (armed, resting bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.armers) > 0, now.Before(s.restUntil) || !s.seen || s.fault != nil
}

// Subscription is one trigger's part in a session. Methods are safe for concurrent use.
type Subscription struct {
	pool    *Pool
	session *session
	subject *subject
	closing sync.Once
}

// View answers from memory. Only the first question about a new subject waits, until the session has looked once or ctx ends. An
// observation older than the session's maxSnapshotAge is not served: then the answer is a Fault at once, with the age and the cause.
func (s *Subscription) View(ctx context.Context) (Observation, error) {
	select {
	case <-s.subject.attempts.First():
	case <-ctx.Done():
		if fault := s.session.trouble(); fault != nil {
			return Observation{}, fault
		}
		return Observation{}, &Fault{Kind: TimedOut, About: "no answer yet", Err: ctx.Err()}
	}
	s.subject.mu.Lock()
	defer s.subject.mu.Unlock()
	age := time.Since(s.subject.latest.At)
	switch {
	case !s.subject.seen:
		return Observation{}, s.subject.fault
	case age > s.session.cycle.MaxAge():
		return Observation{}, s.subject.stale(age)
	default:
		return s.subject.latest, nil
	}
}

// Glance is what View would answer without waiting, where that is no error.
func (s *Subscription) Glance() (observation Observation, fresh bool) {
	s.subject.mu.Lock()
	defer s.subject.mu.Unlock()
	latest := s.subject.latest
	return latest, s.subject.seen && time.Since(latest.At) <= s.session.cycle.MaxAge()
}

// stale must be called under the lock.
func (s *subject) stale(age time.Duration) *Fault {
	age = age.Round(100 * time.Millisecond)
	if s.fault == nil {
		return &Fault{Kind: Stale, About: fmt.Sprintf("the last observation is %s old", age)}
	}
	return &Fault{Kind: s.fault.Kind, About: s.fault.About, Err: fmt.Errorf("%w (last good observation %s ago)", s.fault.cause(), age)}
}

// Listen gives a channel that receives when something new is known; it holds one signal, and more are dropped. stop must be called.
func (s *Subscription) Listen() (changed <-chan struct{}, stop func()) {
	return s.subject.attempts.Listen()
}

// Arm asks for the queues to be looked at all the time, and for listeners to hear of a change at once.
func (s *Subscription) Arm() {
	s.subject.mu.Lock()
	_, already := s.subject.armers[s]
	s.subject.armers[s] = struct{}{}
	s.subject.mu.Unlock()
	if !already {
		s.session.hurry(s.subject)
		news.Signal(s.session.armed)
	}
}

// Disarm ends what Arm began.
func (s *Subscription) Disarm() {
	s.subject.mu.Lock()
	defer s.subject.mu.Unlock()
	delete(s.subject.armers, s)
}

// Close ends the subscription; the last one out closes the session.
func (s *Subscription) Close() error {
	s.closing.Do(func() {
		s.Disarm()
		s.pool.leave(s.session, s.subject)
	})
	return nil
}
