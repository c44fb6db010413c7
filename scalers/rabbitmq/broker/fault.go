package broker

import (
	"context"
	"errors"
	"fmt"
	"net"
)

// Kind sorts what can go wrong at a broker by what a person would have to do about it.
type Kind int

// The kinds of faults.
const (
	// Internal: none of the others; a mistake of lagwise or something new in RabbitMQ.
	Internal Kind = iota
	// UnknownQueue: the queue or its vhost does not exist.
	UnknownQueue
	// Refused: the broker understands the question and will not answer it, such as a pattern that matches too much.
	Refused
	// Denied: a permission is missing.
	Denied
	// BadCredentials: the broker rejects who we say we are.
	BadCredentials
	// Unreachable: the broker cannot be reached, or has gone.
	Unreachable
	// TimedOut: the broker is there but did not answer in time.
	TimedOut
	// Exhausted: this process has too many sessions.
	Exhausted
	// Stale: the last good observation is too old to serve.
	Stale
)

func (k Kind) String() string {
	switch k {
	case UnknownQueue:
		return "unknown_queue"
	case Refused:
		return "refused"
	case Denied:
		return "denied"
	case BadCredentials:
		return "bad_credentials"
	case Unreachable:
		return "unreachable"
	case TimedOut:
		return "timed_out"
	case Exhausted:
		return "exhausted"
	case Stale:
		return "stale"
	case Internal:
		return "internal"
	default:
		return "internal"
	}
}

// Fault is a failure to observe, with the thing it happened to.
type Fault struct { //nolint:errname // the broker's fault, until the edge makes an error of it
	Kind Kind
	// About is what failed, e.g. `queue "orders"`.
	About string
	Err   error
	// alone reports that the broker answers others meanwhile, whatever the kind.
	alone bool
}

func (f *Fault) Error() string {
	if f.Err == nil {
		return f.About
	}
	return fmt.Sprintf("%s: %v", f.About, f.Err)
}

func (f *Fault) Unwrap() error { return f.Err }

// AnswerError is an answer by HTTP that is of no use: Text without what the server sent, Error with it.
type AnswerError struct {
	Text, Sent string
	// FromAPI reports that the answer has the form of the management API's own errors.
	FromAPI bool
}

func (e *AnswerError) Error() string {
	if e.Sent == "" {
		return e.Text
	}
	return e.Text + ": " + e.Sent
}

// cause is the error below, or what happened where there is none.
func (f *Fault) cause() error {
	if f.Err == nil {
		return errors.New("no answer")
	}
	return f.Err
}

// ProvesRabbitMQ reports whether the fault is an answer of RabbitMQ's, or comes from lagwise itself: it shows of no other host whether
// anything listens there.
func (f *Fault) ProvesRabbitMQ() bool {
	switch f.Kind {
	case UnknownQueue, Refused, Denied, BadCredentials:
		answer, byHTTP := errors.AsType[*AnswerError](f.Err)
		return !byHTTP || answer.FromAPI
	case Exhausted:
		return true
	case Unreachable, TimedOut, Stale, Internal:
		return false
	default:
		return false
	}
}

// ofAll says whether the fault concerns everybody who looks through the endpoint. One question that is not answered in time does
// not: it may be a hard one.
func (f *Fault) ofAll() bool {
	return !f.alone && (f.Kind == BadCredentials || f.Kind == Unreachable)
}

// passes says whether what was seen before still holds: the broker has not said otherwise.
func (f *Fault) passes() bool {
	return f.Kind == BadCredentials || f.Kind == Unreachable || f.Kind == TimedOut
}

// faultOf gives an error of the network its kind.
func faultOf(about string, err error) *Fault {
	if known, is := errors.AsType[*Fault](err); is {
		return known
	}
	kind := Unreachable
	network, is := errors.AsType[net.Error](err)
	if errors.Is(err, context.DeadlineExceeded) || is && network.Timeout() {
		kind = TimedOut
	}
	return &Fault{Kind: kind, About: about, Err: err}
}
