package cron

import (
	"context"
	"log/slog"
	"time"

	"github.com/lagwise/lagwise/scalers"
)

// New makes the factory of cron scalers.
func New(log *slog.Logger) scalers.Factory { return NewByClock(time.Now, log) }

// NewByClock is New where another clock than the machine's says what time it is. Watch still waits by the machine's.
func NewByClock(clock func() time.Time, log *slog.Logger) scalers.Factory {
	read := func(trigger scalers.Trigger) (settings, scalers.Metric, []string, error) {
		return decode(trigger.Metadata)
	}
	return scalers.NewFactory(read, func(settings settings, metric scalers.Metric) scalers.Scaler {
		return &Scaler{metric: metric, settings: settings, clock: clock}
	}, log)
}

// Scaler answers for one cron trigger.
type Scaler struct {
	metric   scalers.Metric
	settings settings
	clock    func() time.Time
}

// Metric is named as KEDA names it; its target is one replica.
func (s *Scaler) Metric() scalers.Metric { return s.metric }

// Evaluate answers for this instant.
func (s *Scaler) Evaluate(context.Context) (scalers.Evaluation, error) {
	return s.settings.at(s.clock()).Evaluation, nil
}

// Detail shows the windows at this instant.
func (s *Scaler) Detail(context.Context) (scalers.Detail, error) {
	now := s.clock()
	return scalers.Detail{Evaluation: s.settings.at(now).Evaluation, Parts: s.settings.partsAt(now)}, nil
}

// longestSleep bounds how late a window opens after the machine's clock was set.
const longestSleep = time.Minute

// Watch tells of each window as it opens and shuts.
func (s *Scaler) Watch(ctx context.Context, seen func(scalers.Evaluation) error) error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-timer.C:
		}
		now := s.clock()
		answer := s.settings.at(now)
		if err := seen(answer.Evaluation); err != nil {
			return err
		}
		sleep := longestSleep
		if answer.revisit {
			sleep = min(sleep, answer.revisitAt.Sub(now))
		}
		timer.Reset(sleep)
	}
}
