package rabbitmq

import (
	"errors"
	"strings"

	"github.com/lagwise/lagwise/scalers"
	"github.com/lagwise/lagwise/scalers/rabbitmq/broker"
)

// explain gives an error its cause and words, and redacts it.
func (s *Scaler) explain(err error) error { return s.Redact(explain(err, s.settings.name)) }

// Redact returns the error so that its caller reads less than the operator about a host that the trigger names by itself, and never what
// an HTTP server there sent.
func (s *Scaler) Redact(err error) error {
	fault, isFault := errors.AsType[*broker.Fault](err)
	if s.settings.named {
		return err
	}
	if !s.settings.listed && (isFault && !fault.ProvesRabbitMQ() || !isFault && scalers.TimedOut(err)) {
		return scalers.CannotConnect(s.settings.name, err)
	}
	answer, byHTTP := errors.AsType[*broker.AnswerError](err)
	cause, known := scalers.CauseOf(err)
	if !byHTTP || !known {
		return err
	}
	return &scalers.Redacted{Err: err, Caller: scalers.Errorf(cause, "%s", strings.ReplaceAll(err.Error(), answer.Error(), answer.Text))}
}

// explain gives an error its cause and words that a trigger's author understands.
func explain(err error, name string) error {
	fault, is := errors.AsType[*broker.Fault](err)
	if !is {
		return err
	}
	switch fault.Kind {
	case broker.UnknownQueue:
		return scalers.Errorf(scalers.CauseNotFound, "%w, at %s", fault, name)
	case broker.Refused:
		return scalers.Errorf(scalers.CauseRefused, "%w, at %s", fault, name)
	case broker.Denied:
		return scalers.Errorf(scalers.CauseDenied, "not authorised: %w, at %s", fault, name)
	case broker.BadCredentials:
		return scalers.Errorf(scalers.CauseUnauthenticated, "authentication failed: %w, at %s", fault, name)
	case broker.Unreachable:
		return scalers.Errorf(scalers.CauseUnreachable, "RabbitMQ is unreachable: %w, at %s", fault, name)
	case broker.TimedOut:
		return scalers.Errorf(scalers.CauseTimedOut, "RabbitMQ did not answer in time: %w, at %s", fault, name)
	case broker.Stale:
		return scalers.Errorf(scalers.CauseUnreachable, "%w, at %s", fault, name)
	case broker.Exhausted:
		return scalers.Errorf(scalers.CauseExhausted, "%w", fault)
	case broker.Internal:
		return scalers.Errorf(scalers.CauseUnreachable, "RabbitMQ answers something unexpected: %w, at %s", fault, name)
	default:
		return err
	}
}
