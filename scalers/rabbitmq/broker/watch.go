package broker

import (
	"context"
	"slices"
	"time"
)

// tempo is how often subjects are looked at that inactive push triggers wait for.
type tempo struct {
	// round is the least time from one round over all of them to the next, each the least time for one of them: the larger of the
	// two, times their number, holds.
	round, each time.Duration
	// batch is how many are looked at in one go.
	batch int
	// rest is how long a subject is left alone after it woke its triggers.
	rest time.Duration
}

// tempoOf was measured (docs/rabbitmq.md). The management API knows a queue's figures only every 5 s. A request costs it 0.8 ms, and a
// queue in a long list a fifth of that. By AMQP a broker could be asked four times as often as by default, and would be busy for a
// whole core while nothing happens; 5,000 looks a second take a quarter of one.
func tempoOf(protocol Protocol, looksPerSecond int) tempo {
	if protocol == HTTP {
		return tempo{round: time.Second, each: 5 * time.Millisecond, batch: listPage, rest: time.Second}
	}
	return tempo{round: 10 * time.Millisecond, each: time.Second / time.Duration(looksPerSecond), batch: 128, rest: 100 * time.Millisecond}
}

// watch looks at armed subjects round after round, while there are some and the broker answers.
func (s *session) watch(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		began := time.Now()
		due, more := s.armedNow(began)
		switch {
		case !more:
			select {
			case <-ctx.Done():
				return
			case <-s.armed:
			}
			timer.Reset(0)
		case s.trouble() != nil:
			timer.Reset(firstRetry) // refresh finds out when it is over
		default:
			pause := s.round(ctx, timer, due)
			timer.Reset(max(pause, s.tempo.round-time.Since(began)))
		}
	}
}

// armedNow lists the armed subjects that are not resting; more says that there are armed ones at all.
func (s *session) armedNow(now time.Time) (due []*subject, more bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, one := range s.subjects {
		armed, resting := one.watched(now)
		more = more || armed
		if armed && !resting && one.apart == nil {
			due = append(due, one)
		}
	}
	return due, more
}

// round looks at each of the subjects once, in batches at an even pace, and says how long the broker is to be left alone after the
// last one: for as long as it was kept busy at least.
func (s *session) round(ctx context.Context, timer *time.Timer, due []*subject) (pause time.Duration) {
	for some := range slices.Chunk(due, s.tempo.batch) {
		if pause > 0 {
			timer.Reset(pause)
			select {
			case <-ctx.Done():
				return 0
			case <-timer.C:
			}
		}
		began := time.Now()
		if fault := s.glance(ctx, some); fault != nil {
			s.setTrouble(fault)
			return firstRetry
		}
		took := time.Since(began)
		pause = max(time.Duration(len(some))*s.tempo.each-took, took)
	}
	return pause
}

// glance looks at some, and tells those that changed. It returns that the broker is away, if it is. A failure of one is told to it,
// and it is looked at in its turn again.
func (s *session) glance(ctx context.Context, some []*subject) (away *Fault) {
	failure := ""
	asked, err := s.source.lookAtMany(ctx, s.wantsOf(some), func(i int, a answer) {
		if a.late {
			s.setApart(some[i])
		}
		switch {
		case ctx.Err() != nil: // what was read is of no use any more
		case a.err == errOverdue: //nolint:errorlint // it is never wrapped
		case a.err != nil:
			fault := faultOf("looking at a queue", a.err)
			failure = fault.Kind.String()
			some[i].fail(fault)
		case some[i].glance(s.observationOf(a), s.tempo.rest):
			s.tally.Woke()
		}
	})
	if err != nil {
		away = faultOf("looking at queues", err)
		failure = away.Kind.String()
	}
	s.tally.Asked(s.asked(), asked, failure)
	select {
	case <-ctx.Done(): // what was read is of no use any more
		return nil
	default:
	}
	if away != nil && away.Kind == TimedOut {
		s.source.reset()
	}
	return away
}

// wantsOf are what the subjects want, each with a time to be answered in.
func (s *session) wantsOf(some []*subject) []Want {
	wants := make([]Want, len(some))
	for i, one := range some {
		wants[i] = one.want
		wants[i].Timeout = s.timeFor(one.want)
	}
	return wants
}
