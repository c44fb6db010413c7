package cluster

import (
	"context"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/lagwise/lagwise/scalers/pace"
)

const (
	// eventPoll is how long one wait for unasked errors lasts, and so how long closing a session may take.
	eventPoll = 200 * time.Millisecond
	// attemptsAtOnce bounds urgent observations under way, so that a slow group does not hold up every newcomer.
	attemptsAtOnce = 4
	// A failing cluster is tried again after a random time below a limit that doubles from firstRetry to lastRetry.
	firstRetry = 250 * time.Millisecond
	lastRetry  = 5 * time.Second
)

// events takes what librdkafka reports unasked. A cluster that never answered, or no longer does, and says why, is not
// worth waiting for: those who wait for their first observation are told at once.
func (s *session) events(ctx context.Context, reporter reporter) {
	for ctx.Err() == nil {
		err := reporter.poll(eventPoll)
		if err == nil {
			continue
		}
		s.mu.Lock()
		fault := s.health.report(err, s.connection.Name, time.Now())
		s.mu.Unlock()
		s.log.Debug("Kafka client reports", "error", err)
		if fault == nil {
			continue
		}
		for _, subscription := range s.everybody() {
			subscription.failFirst(fault)
		}
	}
}

// refresh observes everybody, every RefreshInterval; less often when that takes long, and after random, growing pauses
// while the cluster fails.
func (s *session) refresh(ctx context.Context, source source) {
	failures := 0
	timer := time.NewTimer(s.options.RefreshInterval)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		began := time.Now()
		everybody := s.everybody()
		fault := s.attempt(ctx, source, everybody, false)
		s.ledger.prune(time.Now())
		for _, lane := range s.lanes {
			lane.prober.prune(time.Now())
		}
		if fault == nil {
			s.log.Debug("observed every trigger", "triggers", len(everybody), "took", time.Since(began))
			if failures > 0 {
				s.log.Info("Kafka answers again", "failures", failures)
			}
			failures = 0
			took := time.Since(began)
			pause := s.cycle.Pause(took)
			if !slices.ContainsFunc(everybody, (*Subscription).unanswered) {
				s.cycle.Went(took + pause)
			}
			s.counts.Refreshed(took, pause, false)
			timer.Reset(pause)
			continue
		}
		if failures == 0 {
			s.log.Warn("Kafka does not answer", "error", fault)
		}
		failures++
		pause := retryAfter(failures)
		s.counts.Refreshed(time.Since(began), pause, true)
		timer.Reset(pause)
	}
}

func retryAfter(failures int) time.Duration {
	return pace.Backoff{First: firstRetry, Last: lastRetry}.Pause(failures)
}

// urgent observes those that cannot wait for their turn. While the cluster fails they get its fault at once: trying is
// left to the refresh loop alone, so callers never queue up behind a dead broker.
func (s *session) urgent(ctx context.Context, source source) {
	var attempts errgroup.Group
	attempts.SetLimit(attemptsAtOnce)
	defer func() { _ = attempts.Wait() }()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.wake:
		case <-timer.C:
		}
		waiting, next := s.takeDue(time.Now())
		timer.Reset(next)
		if len(waiting) == 0 {
			continue
		}
		if fault := s.trouble(); fault != nil {
			for _, subscription := range waiting {
				subscription.publish(time.Now(), result{fault: fault})
			}
			continue
		}
		attempts.Go(func() error {
			_ = s.attempt(ctx, source, waiting, true) // told to each subscription
			return nil
		})
	}
}
