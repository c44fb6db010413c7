package broker

import (
	"context"
	"time"

	"github.com/lagwise/lagwise/scalers/pace"
)

// A broker that fails is tried again after a random time below a limit that doubles from firstRetry to lastRetry.
const (
	firstRetry = 250 * time.Millisecond
	lastRetry  = 5 * time.Second
)

// refresh observes everybody, every RefreshInterval; less often when that takes long, and after random, growing pauses while the
// broker fails.
func (s *session) refresh(ctx context.Context) {
	failures := 0
	timer := time.NewTimer(s.options.RefreshInterval)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.failed: // somebody else has found the broker away
			if failures == 0 {
				failures++
				s.log.Warn("RabbitMQ does not answer", "error", s.trouble())
				timer.Reset(retryAfter(failures))
			}
			continue
		case <-timer.C:
		}
		began := time.Now()
		fault, inVain := s.observe(ctx, s.everybody())
		if fault == nil {
			if failures > 0 {
				s.log.Info("RabbitMQ answers again", "failures", failures)
			}
			failures = 0
			took := time.Since(began)
			pause := s.pauseAfter(took, inVain)
			s.tally.Refreshed(took, pause, false)
			timer.Reset(pause)
			continue
		}
		if failures == 0 {
			s.log.Warn("RabbitMQ does not answer", "error", fault)
		}
		failures++
		pause := retryAfter(failures)
		s.tally.Refreshed(time.Since(began), pause, true)
		timer.Reset(pause)
	}
}

// pauseAfter leaves a broker alone for as long as it was kept busy. A refresh that waited for what never came is not long: it must
// not make an outage last longer.
func (s *session) pauseAfter(took time.Duration, inVain bool) time.Duration {
	if inVain {
		return max(s.options.RefreshInterval-took, firstRetry)
	}
	pause := s.cycle.Pause(took)
	s.cycle.Went(took + pause)
	return pause
}

func retryAfter(failures int) time.Duration {
	return pace.Backoff{First: firstRetry, Last: lastRetry}.Pause(failures)
}

// urgent observes newcomers at once. While the broker fails they get its fault instead: trying is left to refresh alone, so
// callers never queue up behind a dead broker.
func (s *session) urgent(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.arrived:
		}
		newcomers := s.takeNewcomers()
		if fault := s.trouble(); fault != nil {
			for _, one := range newcomers {
				one.fail(fault)
			}
			continue
		}
		_, _ = s.observe(ctx, newcomers) // told to each of them
	}
}
