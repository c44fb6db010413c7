package server

import (
	"context"
	"time"

	pb "github.com/lagwise/lagwise/proto/externalscaler"
	"github.com/lagwise/lagwise/scalers"
)

// watch follows a trigger until its context ends, seen returns an error, or the scaler has nothing more to tell. It
// holds the scaler's lease until the scaler has let go.
func (s *service) watch(
	ctx context.Context, ref *pb.ScaledObjectRef, trigger scalers.Trigger, seen func(activity) error,
) error {
	scaler, release, err := s.scalers.Acquire(trigger)
	if err != nil {
		return err
	}
	defer release()
	if watcher, ok := scaler.(scalers.Watcher); ok {
		return watcher.Watch(ctx, func(evaluation scalers.Evaluation) error { return seen(activityOf(evaluation.Active)) })
	}
	return s.poll(ctx, ref, trigger, seen)
}

// poll stands in for Watch, except that it can tell when nothing is known.
func (s *service) poll(
	ctx context.Context, ref *pb.ScaledObjectRef, trigger scalers.Trigger, seen func(activity) error,
) error {
	ticker := time.NewTicker(s.options.PollInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
		now := unknown
		evaluation, err := s.evaluator.evaluate(ctx, trigger)
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil:
			s.failures.note(ctx, "StreamIsActive", ref, err)
		default:
			now = activityOf(evaluation.Active)
		}
		if err := seen(now); err != nil {
			return err
		}
	}
}
