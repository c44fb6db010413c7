package server

import (
	"context"
	"time"

	pb "github.com/lagwise/lagwise/proto/externalscaler"
	"github.com/lagwise/lagwise/scalers"
)

// watch follows a trigger until its context ends, seen returns an error, or the scaler has nothing more to tell.
func (s *service) watch(ctx context.Context, ref *pb.ScaledObjectRef, f *following) error {
	if watcher, ok := f.scaler.(scalers.Watcher); ok {
		return watcher.Watch(ctx, func(evaluation scalers.Evaluation) error { return f.seen(sightOf(evaluation)) })
	}
	return s.poll(ctx, ref, f.trigger, f.seen)
}

// poll stands in for Watch, except that it can tell when nothing is known.
func (s *service) poll(
	ctx context.Context, ref *pb.ScaledObjectRef, trigger scalers.Trigger, seen func(sight) error,
) error {
	ticker := time.NewTicker(s.options.PollInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
		var now sight
		evaluation, err := s.evaluator.evaluate(ctx, trigger)
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil:
			s.failures.note(ctx, "StreamIsActive", ref, err)
		default:
			now = sightOf(evaluation)
		}
		if err := seen(now); err != nil {
			return err
		}
	}
}
