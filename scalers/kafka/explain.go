package kafka

import (
	"errors"
	"strings"

	"github.com/lagwise/lagwise/scalers"
	"github.com/lagwise/lagwise/scalers/kafka/cluster"
	"github.com/lagwise/lagwise/scalers/lag"
)

// explain gives an error its cause and words, and redacts it.
func (s *Scaler) explain(err error) error {
	return s.Redact(explain(err, s.settings.connection.Name))
}

// Redact returns the error so that its caller reads less than the operator about hosts that the trigger names by itself.
func (s *Scaler) Redact(err error) error {
	name := s.settings.connection.Name
	fault, isFault := errors.AsType[*cluster.Fault](err)
	switch {
	case s.settings.named:
		return err
	case !s.settings.listed && (isFault && !provesKafka(fault) || !isFault && scalers.TimedOut(err)):
		return scalers.CannotConnect(name, err)
	case isFault && fault.FromTokenEndpoint():
		return &scalers.Redacted{Err: err, Caller: scalers.Errorf(scalers.CauseUnauthenticated,
			"authentication failed: no token from oauthTokenEndpointUri (lagwise's log has the cause): %s", name)}
	default:
		return err
	}
}

// provesKafka reports whether a fault is an answer in Kafka's protocol, or comes from lagwise itself: it shows of no other host whether
// anything listens there.
func provesKafka(fault *cluster.Fault) bool {
	switch fault.Kind {
	case cluster.UnknownTopic, cluster.Denied, cluster.Throttled, cluster.Unsupported, cluster.Misconfigured, cluster.Exhausted:
		return true
	case cluster.BadCredentials:
		return !fault.FromTokenEndpoint()
	case cluster.Unreachable, cluster.TimedOut, cluster.Unfinished, cluster.Stale, cluster.Internal:
		return false
	default:
		return false
	}
}

// explain gives an error its cause and words that a trigger's author understands.
func explain(err error, connection string) error {
	if _, done := errors.AsType[*scalers.Error](err); done {
		return err
	}
	if none, ok := errors.AsType[*lag.NoPartitionError](err); ok {
		return scalers.Errorf(scalers.CauseNotFound, "%w", none)
	}
	fault, ok := errors.AsType[*cluster.Fault](err)
	if !ok {
		return err
	}
	switch fault.Kind {
	case cluster.UnknownTopic:
		return scalers.Errorf(scalers.CauseNotFound, "%w%s", fault, at(fault, connection))
	case cluster.Denied:
		return scalers.Errorf(scalers.CauseDenied, "not authorised: %w%s", fault, at(fault, connection))
	case cluster.BadCredentials:
		return scalers.Errorf(scalers.CauseUnauthenticated, "authentication failed: %w%s", fault, at(fault, connection))
	case cluster.Unreachable:
		return scalers.Errorf(scalers.CauseUnreachable, "Kafka is unreachable: %w%s", fault, at(fault, connection))
	case cluster.TimedOut:
		return scalers.Errorf(scalers.CauseTimedOut, "Kafka did not answer in time: %w%s", fault, at(fault, connection))
	case cluster.Throttled:
		return scalers.Errorf(scalers.CauseTimedOut, "%w%s", fault, at(fault, connection))
	case cluster.Unfinished:
		return scalers.Errorf(scalers.CauseTimedOut, "%w%s", fault, at(fault, connection))
	case cluster.Unsupported:
		return scalers.Errorf(scalers.CauseRefused, "%w", fault)
	case cluster.Stale:
		return scalers.Errorf(scalers.CauseUnreachable, "%w%s", fault, at(fault, connection))
	case cluster.Misconfigured:
		return scalers.Errorf(scalers.CauseRefused, "the Kafka client refuses the settings: %w", fault)
	case cluster.Exhausted:
		return scalers.Errorf(scalers.CauseExhausted, "%w", fault)
	case cluster.Internal:
		return err
	default:
		return err
	}
}

// at names the connection, unless the fault does.
func at(fault *cluster.Fault, connection string) string {
	if strings.Contains(fault.Error(), connection) {
		return ""
	}
	return ", at " + connection
}
