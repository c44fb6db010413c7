package broker

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/lagwise/lagwise/scalers/news"
	"github.com/lagwise/lagwise/scalers/pace"
)

// A subject that does not answer is asked again after a random time below a limit that doubles from firstAgain to lastAgain, and one that
// answers late in its turn, or soon where a push trigger waits for it: after soonAgain, and four times as long as it took.
const (
	soonAgain  = 100 * time.Millisecond
	firstAgain = time.Second
	lastAgain  = 30 * time.Second
)

// apart is the state of a subject that is asked apart from the others because it was not answered in time. A pass over all subjects does not
// wait for such a one: it has connections of its own, and a budget for all of its kind.
type apart struct {
	due time.Time
	// failures counts the answers that did not come.
	failures int
	asking   bool
}

// apartAtOnce is the budget: how many are asked at a time. By AMQP each costs a channel, by HTTP a connection.
func apartAtOnce(protocol Protocol) int {
	if protocol == HTTP {
		return 16
	}
	return 64
}

// promptness is how fast an answer has to be for a subject to be asked with all others again.
func promptness(protocol Protocol) time.Duration {
	if protocol == HTTP {
		return prompt
	}
	return stall
}

// setApart has a subject asked apart from now on, at once for the first time.
func (s *session) setApart(one *subject) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if one.users > 0 && one.apart == nil {
		one.apart = &apart{due: time.Now()}
		news.Signal(s.overdue)
	}
}

// askApart asks the subjects that are apart, each in its turn.
func (s *session) askApart(ctx context.Context) {
	var asking sync.WaitGroup
	var aside source // opened while some subject is apart
	defer func() {
		asking.Wait()
		if aside != nil {
			aside.close()
		}
	}()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.overdue:
		case <-timer.C:
		}
		if s.needsNone() && aside != nil {
			aside.close()
			aside = nil
		}
		due, endpoint, pause := s.takeDue(time.Now())
		if len(due) > 0 && aside == nil {
			aside = s.open(endpoint)
		}
		for _, one := range due {
			from := aside
			asking.Go(func() { s.askOne(ctx, from, one) })
		}
		timer.Reset(pause)
	}
}

// needsNone reports whether the source of those that are apart may be closed: none is asked, and no subject is apart or the source was
// opened with credentials that were exchanged since.
func (s *session) needsNone() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.askingApart > 0 {
		return false
	}
	none := s.asideIsOld
	s.asideIsOld = false
	return none || !slices.ContainsFunc(slices.Collect(maps.Values(s.subjects)), func(one *subject) bool { return one.apart != nil })
}

// takeDue takes as many subjects as may be asked now, those that are due for the longest time first. pause is the time until the next is due.
func (s *session) takeDue(now time.Time) (due []*subject, endpoint Endpoint, pause time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var waiting []*subject
	for _, one := range s.subjects {
		if one.apart != nil && !one.apart.asking {
			waiting = append(waiting, one)
		}
	}
	slices.SortFunc(waiting, func(a, b *subject) int {
		return cmp.Or(a.apart.due.Compare(b.apart.due), cmp.Compare(a.want.Queue, b.want.Queue))
	})
	pause = lastAgain
	for _, one := range waiting {
		switch {
		case one.apart.due.After(now):
			return due, s.present, min(pause, one.apart.due.Sub(now))
		case s.askingApart == apartAtOnce(s.endpoint.Protocol) || s.asideIsOld:
			return due, s.present, pause // the end of another one wakes the loop
		}
		one.apart.asking = true
		s.askingApart++
		due = append(due, one)
	}
	return due, s.present, pause
}

// askOne asks one subject with the full time that a request may take.
func (s *session) askOne(ctx context.Context, from source, one *subject) {
	began := time.Now()
	within, cancel := context.WithTimeout(ctx, s.timeFor(one.want))
	queues, err := from.look(within, one.want)
	cancel()
	took := time.Since(began)
	failure := ""
	if err != nil {
		failure = faultOf("", err).Kind.String()
	}
	s.tally.Asked(s.asked(), 1, failure)
	a := answer{queues: queues, took: took, err: err}
	armed, resting := one.watched(began)
	if err == nil && armed && !resting && one.glance(s.observationOf(a), s.tempo.rest) {
		s.tally.Woke()
	} else {
		_ = s.hear(ctx, one, a)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.askingApart--
	one.again(time.Now(), took, err, promptness(s.endpoint.Protocol), s.pauseAfterLate(armed, took))
	if one.apart == nil {
		s.hurryApart(time.Now())
	}
	news.Signal(s.overdue)
}

// hurryApart has those asked soon that did not answer: what has kept them may have ended. It must be called under the lock.
func (s *session) hurryApart(now time.Time) {
	for _, one := range s.subjects {
		if one.apart != nil && one.apart.failures > 0 {
			one.apart.failures, one.apart.due = 0, now
		}
	}
	news.Signal(s.overdue)
}

// hurry has a subject that answers late asked soon, because a push trigger begins to wait for it.
func (s *session) hurry(one *subject) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if one.apart != nil && one.apart.failures == 0 {
		one.apart.due = time.Now()
		news.Signal(s.overdue)
	}
}

func (s *session) pauseAfterLate(armed bool, took time.Duration) time.Duration {
	if armed {
		return min(max(soonAgain, 4*took), s.options.RefreshInterval)
	}
	return s.options.RefreshInterval
}

// again decides when a subject is asked next. It must be called under the session's lock.
func (s *subject) again(now time.Time, took time.Duration, err error, prompt, pause time.Duration) {
	s.apart.asking = false
	passes := err != nil && faultOf("", err).passes()
	switch {
	case passes:
		s.apart.due = now.Add(pace.Backoff{First: firstAgain, Last: lastAgain}.Pause(s.apart.failures))
		s.apart.failures++
	case took > prompt:
		s.apart.failures, s.apart.due = 0, now.Add(pause)
	default:
		s.apart = nil
	}
}
