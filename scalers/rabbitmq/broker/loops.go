package broker

import (
	"context"
	"time"

	"golang.org/x/sync/errgroup"

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
		fault := s.observe(ctx, s.together())
		if ctx.Err() != nil { // an observation that was cut short reports no fault, and no answer either
			return
		}
		if fault == nil {
			if failures > 0 {
				s.log.Info("RabbitMQ answers again", "failures", failures)
			}
			failures = 0
			took := time.Since(began)
			pause := s.cycle.Pause(took)
			s.cycle.Went(took + pause)
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

func retryAfter(failures int) time.Duration {
	return pace.Backoff{First: firstRetry, Last: lastRetry}.Pause(failures)
}

// urgent observes newcomers at once, also while earlier ones are still observed. While the broker fails they get its fault instead: trying
// is left to refresh alone, so callers never queue up behind a dead broker.
func (s *session) urgent(ctx context.Context) {
	var observing errgroup.Group
	observing.SetLimit(passesAtOnce)
	defer func() { _ = observing.Wait() }()
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
		observing.Go(func() error { _ = s.observe(ctx, newcomers); return nil }) // each of them gets the outcome
	}
}

// passesAtOnce bounds the passes over newcomers that are under way.
const passesAtOnce = 8
