package server

import (
	"context"
	"errors"

	"google.golang.org/grpc/codes"

	"github.com/lagwise/lagwise/scalers"
)

// codeOf is the one table from failures to gRPC codes. A cause goes before a context's end: a scaler that found its
// source unreachable says more than that it ran out of time.
func codeOf(err error) codes.Code {
	if cause, ok := scalers.CauseOf(err); ok {
		return codeOfCause(cause)
	}
	switch {
	case errors.Is(err, context.Canceled):
		return codes.Canceled
	case errors.Is(err, context.DeadlineExceeded):
		return codes.DeadlineExceeded
	default:
		return codes.Internal
	}
}

func codeOfCause(cause scalers.Cause) codes.Code {
	switch cause {
	case scalers.CauseRefused:
		return codes.InvalidArgument
	case scalers.CauseNotFound:
		return codes.NotFound
	case scalers.CauseDenied:
		return codes.PermissionDenied
	case scalers.CauseUnauthenticated:
		return codes.Unauthenticated
	case scalers.CauseUnreachable:
		return codes.Unavailable
	case scalers.CauseTimedOut:
		return codes.DeadlineExceeded
	case scalers.CauseExhausted:
		return codes.ResourceExhausted
	default: // a cause that this table does not know is a mistake of this process
		return codes.Internal
	}
}
