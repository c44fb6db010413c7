package scalers

import (
	"context"
	"errors"
	"fmt"
)

// Cause is why a scaler has no answer. The server maps each to one gRPC code.
type Cause int

const (
	// CauseRefused says that the trigger's metadata is wrong; only its author can mend it.
	CauseRefused Cause = iota + 1
	// CauseNotFound says that the topic, partition or queue does not exist.
	CauseNotFound
	// CauseDenied says that the source knows who asks and does not allow it.
	CauseDenied
	// CauseUnauthenticated says that the source rejects the credentials.
	CauseUnauthenticated
	// CauseUnreachable says that there is no connection to the source, or that what is known of it is too old.
	CauseUnreachable
	// CauseTimedOut says that the source did not answer in time.
	CauseTimedOut
	// CauseExhausted says that a limit of this process is reached.
	CauseExhausted
)

// String names the cause in one word, for labels; a mistake of lagwise has no Cause, and is called internal.
func (c Cause) String() string {
	switch c {
	case CauseRefused:
		return "refused"
	case CauseNotFound:
		return "not_found"
	case CauseDenied:
		return "denied"
	case CauseUnauthenticated:
		return "unauthenticated"
	case CauseUnreachable:
		return "unreachable"
	case CauseTimedOut:
		return "timed_out"
	case CauseExhausted:
		return "exhausted"
	default:
		return "internal"
	}
}

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

// Redacted is a failure of which the caller may read less than the operator: Caller goes over gRPC; Err, in full, goes to the log,
// the metrics and the status page.
type Redacted struct { //nolint:errname // the word for what it is; an Error is the failure itself
	Caller *Error
	Err    error
}

func (r *Redacted) Error() string { return r.Err.Error() }

func (r *Redacted) Unwrap() error { return r.Err }

// ForCaller returns what the caller may read of err.
func ForCaller(err error) error {
	if redacted, ok := errors.AsType[*Redacted](err); ok {
		return redacted.Caller
	}
	return err
}

// CannotConnect returns err for the operator. The caller reads the same text for a host that rejects connections, is silent or
// speaks another protocol: a trigger may name any host that allowedBrokers permits, and must not learn what listens where.
func CannotConnect(host string, err error) error {
	return &Redacted{Err: err, Caller: Errorf(CauseUnreachable,
		"cannot connect, or what answers is not as expected (lagwise's log has the cause, and so has this error once allowedBrokers lists the host): %s", host)}
}

// TimedOut reports whether err is that of a time-out.
func TimedOut(err error) bool {
	cause, _ := CauseOf(err)
	return cause == CauseTimedOut || errors.Is(err, context.DeadlineExceeded)
}

// CauseOf finds the cause that err carries; ok is false when it carries none.
func CauseOf(err error) (cause Cause, ok bool) {
	e, ok := errors.AsType[*Error](err)
	if !ok {
		return 0, false
	}
	return e.Cause, true
}
