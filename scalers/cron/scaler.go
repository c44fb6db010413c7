package cron

import (
	"context"
	"log/slog"
	"time"

	"github.com/lagwise/lagwise/scalers"
)

// New makes the factory of cron scalers.
func New(log *slog.Logger) scalers.Factory {
	return scalers.NewFactory(decode, func(settings settings, metric scalers.Metric) scalers.Scaler {
		return &Scaler{metric: metric, settings: settings}
	}, log)
}

// Scaler answers for one cron trigger.
type Scaler struct {
	metric   scalers.Metric
	settings settings
}

// Metric is named as KEDA names it; its target is one replica.
func (s *Scaler) Metric() scalers.Metric { return s.metric }

// Evaluate answers for this instant.
func (s *Scaler) Evaluate(context.Context) (scalers.Evaluation, error) {
	return s.settings.at(time.Now()).Evaluation, nil
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
		now := time.Now()
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
