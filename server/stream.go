package server

import (
	"context"
	"fmt"
	"time"

	"google.golang.org/grpc"

	pb "github.com/lagwise/lagwise/proto/externalscaler"
	"github.com/lagwise/lagwise/scalers"
)

// streamIsActive tells KEDA when a trigger becomes active, for as long as the stream is open: pushes says when to send,
// and a goroutine beside this one watches the scaler, so that a client that does not read holds up nobody but itself.
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
	ctx, cancel := context.WithCancel(stream.Context())
	defer cancel()

	first, err := s.evaluator.evaluate(ctx, trigger)
	if cause, ok := scalers.CauseOf(err); ok && cause == scalers.CauseRefused {
		return err
	}
	openedBlind := err != nil
	seen := newSightings(s.options.pace())
	if openedBlind {
		s.failures.note(ctx, "StreamIsActive", ref, err)
	} else {
		seen.add(activityOf(first.Active))
	}

	watched, err := s.watch(ctx, ref, trigger, seen)
	if err != nil {
		return err
	}
	return send(ctx, stream, seen, watched, openedBlind)
}

// send pushes what is due until the stream's context or the watch ends.
func send(
	ctx context.Context, stream grpc.ServerStreamingServer[pb.IsActiveResponse],
	seen *sightings, watched <-chan error, openedBlind bool,
) error {
	for {
		push, again := seen.next()
		if push {
			if err := stream.Send(&pb.IsActiveResponse{Result: true}); err != nil {
				return gone(err)
			}
			continue
		}
		if openedBlind && seen.known() {
			return nil
		}

		var due <-chan time.Time
		if !again.IsZero() {
			due = time.After(time.Until(again))
		}
		select {
		case <-ctx.Done():
			return nil
		case err := <-watched:
			return err
		case <-seen.changed:
		case <-due:
		}
	}
}

// gone: a message that cannot be sent has lost its reader.
func gone(err error) error {
	return fmt.Errorf("the client is gone: %w: %w", context.Canceled, err)
}
