package server

import (
	"context"
	"errors"
	"fmt"

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
	trigger, err := triggerOf(ref)
	if err != nil {
		return err
	}
	out := newOutlet(stream, s.options.pace())
	defer out.close()
	seen, err := s.open(ref, trigger, out)
	if err != nil {
		return untilGone(stream.Context(), err)
	}
	return untilGone(stream.Context(), s.watch(stream.Context(), ref, trigger, seen))
}

// open tells of the trigger as it is now, and returns what takes all that is seen of it from now on.
func (s *service) open(ref *pb.ScaledObjectRef, trigger scalers.Trigger, out *outlet) (seen func(activity) error, err error) {
	ctx := out.stream.Context()
	first, err := s.evaluator.evaluate(ctx, trigger)
	if cause, ok := scalers.CauseOf(err); ok && cause == scalers.CauseRefused {
		return nil, err
	}
	if err == nil {
		return out.add, out.add(activityOf(first.Active))
	}
	s.failures.note(ctx, "StreamIsActive", ref, err)
	return func(now activity) error {
		if err := out.add(now); err != nil || now == unknown {
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
