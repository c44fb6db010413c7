package server

import (
	"context"
	"time"

	pb "github.com/lagwise/lagwise/proto/externalscaler"
	"github.com/lagwise/lagwise/scalers"
)

// watch follows a trigger in a goroutine of its own, which holds the scaler's lease until the context ends and the
// scaler has let go. The channel tells when the scaler itself ended the watch, and why; nil says that it has nothing
// more to tell.
func (s *service) watch(
	ctx context.Context, ref *pb.ScaledObjectRef, trigger scalers.Trigger, seen *sightings,
) (<-chan error, error) {
	scaler, release, err := s.scalers.Acquire(trigger)
	if err != nil {
		return nil, err
	}
	ended := make(chan error, 1)
	s.evaluator.running.Go(func() {
		defer release()
		watcher, ok := scaler.(scalers.Watcher)
		if !ok {
			s.poll(ctx, ref, trigger, seen)
			return
		}
		if err := listen(ctx, watcher, seen); ctx.Err() == nil {
			ended <- err
		}
	})
	return ended, nil
}

func listen(ctx context.Context, watcher scalers.Watcher, seen *sightings) (err error) {
	defer catch(&err)
	return watcher.Watch(ctx, func(evaluation scalers.Evaluation) error {
		seen.add(activityOf(evaluation.Active))
		return nil
	})
}

// poll stands in for Watch, except that it can tell when nothing is known.
func (s *service) poll(ctx context.Context, ref *pb.ScaledObjectRef, trigger scalers.Trigger, seen *sightings) {
	ticker := time.NewTicker(s.options.PollInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		evaluation, err := s.evaluator.evaluate(ctx, trigger)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			s.failures.note(ctx, "StreamIsActive", ref, err)
			seen.add(unknown)
		default:
			seen.add(activityOf(evaluation.Active))
		}
	}
}
