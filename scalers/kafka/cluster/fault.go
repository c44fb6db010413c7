package cluster

import (
	"context"
	"errors"
	"fmt"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"
)

// Kind sorts what can go wrong at a cluster by what a person would have to do about it.
type Kind int

// The kinds of faults.
const (
	// Internal: none of the others; a mistake of lagwise or something new in Kafka.
	Internal Kind = iota
	// UnknownTopic: the topic or partition does not exist.
	UnknownTopic
	// Denied: an ACL forbids it.
	Denied
	// BadCredentials: the cluster rejects who we say we are.
	BadCredentials
	// Unreachable: no broker, or not the one that is needed, can be reached.
	Unreachable
	// TimedOut: brokers are reachable but did not answer in time.
	TimedOut
	// Misconfigured: librdkafka refuses the connection's settings.
	Misconfigured
	// Exhausted: this process has too many sessions.
	Exhausted
	// Stale: the last good observation is too old to serve.
	Stale
)

// String names the kind in one word, for labels.
func (k Kind) String() string {
	switch k {
	case UnknownTopic:
		return "unknown_topic"
	case Denied:
		return "denied"
	case BadCredentials:
		return "bad_credentials"
	case Unreachable:
		return "unreachable"
	case TimedOut:
		return "timed_out"
	case Misconfigured:
		return "misconfigured"
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
type Fault struct { //nolint:errname // Kafka's fault, until the edge makes an error of it
	Kind Kind
	// About is what failed, e.g. `topic "orders"`.
	About string
	Err   error
}

func (f *Fault) Error() string {
	if f.Err == nil {
		return f.About
	}
	return fmt.Sprintf("%s: %v", f.About, f.Err)
}

func (f *Fault) Unwrap() error { return f.Err }

// cause is the error below, or what happened where there is none.
func (f *Fault) cause() error {
	if f.Err == nil {
		return errors.New("no answer")
	}
	return f.Err
}

// wholeCluster says whether the fault concerns the connection rather than one topic or group on it.
func (f *Fault) wholeCluster() bool {
	switch f.Kind {
	case BadCredentials, Unreachable, TimedOut, Misconfigured, Exhausted:
		return true
	case Internal, UnknownTopic, Denied, Stale:
		return false
	default:
		return false
	}
}

// passes says whether the fault is likely to be gone in a moment, with nobody doing anything about it.
func (f *Fault) passes() bool {
	return f != nil && (f.Kind == Unreachable || f.Kind == TimedOut)
}

// faultOf gives err its kind.
func faultOf(about string, err error) *Fault {
	if known, ok := errors.AsType[*Fault](err); ok {
		return known
	}
	return &Fault{Kind: kindOf(err), About: about, Err: err}
}

func kindOf(err error) Kind {
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return TimedOut
	}
	if fault, ok := errors.AsType[*Fault](err); ok {
		return fault.Kind
	}
	kafkaErr, ok := errors.AsType[kafka.Error](err)
	if !ok {
		return Internal
	}
	switch kafkaErr.Code() {
	case kafka.ErrUnknownTopicOrPart, kafka.ErrUnknownTopic, kafka.ErrUnknownPartition, kafka.ErrTopicException, kafka.ErrUnknownTopicID:
		return UnknownTopic
	case kafka.ErrTopicAuthorizationFailed, kafka.ErrGroupAuthorizationFailed, kafka.ErrClusterAuthorizationFailed:
		return Denied
	case kafka.ErrAuthentication, kafka.ErrSaslAuthenticationFailed, kafka.ErrUnsupportedSaslMechanism:
		return BadCredentials
	case kafka.ErrTransport, kafka.ErrAllBrokersDown, kafka.ErrResolve, kafka.ErrSsl, kafka.ErrNodeUpdate,
		kafka.ErrBadMsg, // what answers there does not speak Kafka
		kafka.ErrLeaderNotAvailable, kafka.ErrNotLeaderForPartition, kafka.ErrBrokerNotAvailable,
		kafka.ErrCoordinatorNotAvailable, kafka.ErrCoordinatorLoadInProgress, kafka.ErrNotCoordinator, kafka.ErrReplicaNotAvailable,
		kafka.ErrUnknownLeaderEpoch, kafka.ErrFencedLeaderEpoch, kafka.ErrOffsetNotAvailable, kafka.ErrKafkaStorageError,
		kafka.ErrNetworkException, kafka.ErrListenerNotFound:
		return Unreachable
	case kafka.ErrTimedOut, kafka.ErrTimedOutQueue, kafka.ErrRequestTimedOut, kafka.ErrWaitCoord:
		return TimedOut
	case kafka.ErrInvalidArg, kafka.ErrInvalidConfig:
		return Misconfigured
	default:
		return Internal
	}
}
