package scalers

import (
	"errors"
	"fmt"
)

// Cause is why a scaler has no answer. The server maps each to one gRPC code.
type Cause int

const (
	// CauseRefused: the trigger's metadata is wrong; only its author can mend it.
	CauseRefused Cause = iota + 1
	// CauseNotFound: the topic, partition or queue does not exist.
	CauseNotFound
	// CauseDenied: the source knows who asks and does not allow it.
	CauseDenied
	// CauseUnauthenticated: the source rejects the credentials.
	CauseUnauthenticated
	// CauseUnreachable: no connection to the source, or what is known of it is too old.
	CauseUnreachable
	// CauseTimedOut: the source did not answer in time.
	CauseTimedOut
	// CauseExhausted: a limit of this process is reached.
	CauseExhausted
)

// Error is a failure with its cause. Its text names the cause first: KEDA cuts long messages.
type Error struct {
	Cause Cause
	Text  string
	Err   error
}

// Errorf makes an Error; like fmt.Errorf, %w wraps.
func Errorf(cause Cause, format string, args ...any) *Error {
	err := fmt.Errorf(format, args...)
	return &Error{Cause: cause, Text: err.Error(), Err: errors.Unwrap(err)}
}

func (e *Error) Error() string { return e.Text }

func (e *Error) Unwrap() error { return e.Err }

// CauseOf finds the cause that err carries; ok is false when it carries none.
func CauseOf(err error) (cause Cause, ok bool) {
	var e *Error
	if errors.As(err, &e) {
		return e.Cause, true
	}
	return 0, false
}
