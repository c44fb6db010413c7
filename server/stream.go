package server

import (
	"context"
	"errors"
	"fmt"
	"time"

	"google.golang.org/grpc"

	pb "github.com/lagwise/lagwise/proto/externalscaler"
	"github.com/lagwise/lagwise/scalers"
)

// streamIsActive tells KEDA when a trigger becomes active, for as long as the stream is open. It holds the scaler's
// lease, and watches in the stream's own goroutine: thousands of streams wait at the same time, so each must cost little.
//
// The stream ends without an error when its context does, which is when the client goes or the server stops. It stays
// open and silent while nothing is known. One that was opened in such a time ends once, without an error, when it is
// over: the client has most likely been through failures, and only a clean end resets its back-off
// (pkg/scalers/external_scaler.go, runStreamIsActive).
func (s *service) streamIsActive(
	ref *pb.ScaledObjectRef, stream grpc.ServerStreamingServer[pb.IsActiveResponse],
) error {
	following, err := s.follow(ref, stream)
	if err != nil {
		return untilGone(stream.Context(), err)
	}
	defer following.end()
	return untilGone(stream.Context(), s.watch(stream.Context(), ref, following))
}

// following is what a stream does with its trigger.
type following struct {
	trigger scalers.Trigger
	scaler  scalers.Scaler
	// seen takes all that is seen of the trigger.
	seen func(sight) error
	// end lets go of everything that the stream holds.
	end func()
}

// follow tells of the trigger as it is now. It is not part of streamIsActive, because what it needs of the stack would be kept
// while the stream waits.
func (s *service) follow(ref *pb.ScaledObjectRef, stream grpc.ServerStreamingServer[pb.IsActiveResponse]) (*following, error) {
	trigger, err := triggerOf(ref)
	if err != nil {
		return nil, err
	}
	leave, err := s.streams.enter(trigger.Namespace)
	if err != nil {
		return nil, err
	}
	scaler, release, err := s.scalers.Acquire(trigger)
	if err != nil {
		leave()
		return nil, err
	}
	pushed, ended := followed(scaler, s.options.Meter.Pushed)
	out := newOutlet(stream, s.options.pace(), pushed)
	end := func() {
		out.close()
		ended()
		release()
		leave()
	}
	kept := false
	defer func() { // also when a scaler panics
		if !kept {
			end()
		}
	}()
	seen, err := s.open(ref, trigger, out)
	if err != nil {
		return nil, err
	}
	kept = true
	return &following{trigger, scaler, seen, end}, nil
}

// followed tells a scaler that wants to know it of a stream, and of each push on it, which is counted as well.
func followed(scaler scalers.Scaler, count func(woken time.Time)) (pushed func(woken time.Time), ended func()) {
	wants, ok := scaler.(scalers.Followed)
	if !ok {
		return count, func() {}
	}
	wants.Streaming(1)
	return func(woken time.Time) {
		count(woken)
		wants.Pushed()
	}, func() { wants.Streaming(-1) }
}

// open tells of the trigger as it is now, and returns what takes all that is seen of it from now on.
func (s *service) open(ref *pb.ScaledObjectRef, trigger scalers.Trigger, out *outlet) (seen func(sight) error, err error) {
	ctx := out.stream.Context()
	first, err := s.evaluator.evaluate(ctx, trigger)
	if cause, ok := scalers.CauseOf(err); ok && cause == scalers.CauseRefused {
		return nil, err
	}
	if err == nil {
		return out.add, out.add(sightOf(first))
	}
	s.failures.note(ctx, "StreamIsActive", ref, err)
	return func(now sight) error {
		if err := out.add(now); err != nil || now.activity == unknown {
			return err
		}
		return errKnownAgain
	}, nil
}

// errKnownAgain ends a stream that was opened while nothing was known.
var errKnownAgain = errors.New("the outage in which the stream was opened is over")

// untilGone makes a clean end of what is none of the client's concern.
func untilGone(ctx context.Context, err error) error {
	select {
	case <-ctx.Done():
		return nil
	default:
	}
	if errors.Is(err, errKnownAgain) {
		return nil
	}
	return err
}

// gone: a message that cannot be sent has lost its reader.
func gone(err error) error {
	return fmt.Errorf("the client is gone: %w: %w", context.Canceled, err)
}
