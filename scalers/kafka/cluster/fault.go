package cluster

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"
	"github.com/twmb/franz-go/pkg/kerr"
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
	// Misconfigured: the client refuses the connection's settings.
	Misconfigured
	// Exhausted: this process has too many sessions.
	Exhausted
	// Stale: the last good observation is too old to serve.
	Stale
	// Throttled: a broker's quota holds this client's requests back.
	Throttled
	// Unfinished: the first observation is still under way.
	Unfinished
	// Unsupported: what the trigger names exists and has no lag of the kind that is asked for.
	Unsupported
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
	case Throttled:
		return "throttled"
	case Unfinished:
		return "unfinished"
	case Unsupported:
		return "unsupported"
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

// FromTokenEndpoint reports whether the fault is that of a token endpoint, and not of Kafka.
func (f *Fault) FromTokenEndpoint() bool {
	_, ok := errors.AsType[*tokenError](f.Err)
	return ok
}

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
	case BadCredentials, Unreachable, TimedOut, Misconfigured, Exhausted, Throttled:
		return true
	case Internal, UnknownTopic, Denied, Stale, Unfinished, Unsupported:
		return false
	default:
		return false
	}
}

// passes says whether the fault is likely to be gone in a moment, with nobody doing anything about it.
func (f *Fault) passes() bool {
	return f != nil && (f.Kind == Unreachable || f.Kind == TimedOut || f.Kind == Throttled)
}

// faultOf gives err its kind.
func faultOf(about string, err error) *Fault {
	if known, ok := errors.AsType[*Fault](err); ok {
		return known
	}
	return &Fault{Kind: kindOf(err), About: about, Err: err}
}

func kindOf(err error) Kind {
	if fault, ok := errors.AsType[*Fault](err); ok {
		return fault.Kind
	}
	if _, ok := errors.AsType[*throttledError](err); ok {
		return Throttled
	}
	if _, ok := errors.AsType[*tokenError](err); ok {
		return BadCredentials
	}
	if code, ok := codeOf(err); ok {
		return kindOfCode(code)
	}
	timeout, ok := errors.AsType[net.Error](err)
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) || errors.Is(err, errNoAnswer) || ok && timeout.Timeout() {
		return TimedOut
	}
	if isUnsupported(err) {
		return Internal
	}
	if _, ok := errors.AsType[*brokerError](err); ok {
		return Unreachable
	}
	if ok || errors.Is(err, errLeftOut) || errors.Is(err, errNoBroker) || errors.Is(err, io.EOF) {
		return Unreachable
	}
	return Internal
}

// codeOf finds the code of Kafka's protocol in an error of either client library. Codes below zero are librdkafka's own.
func codeOf(err error) (kafka.ErrorCode, bool) {
	if protocol, ok := errors.AsType[*kerr.Error](err); ok {
		return kafka.ErrorCode(protocol.Code), true
	}
	if library, ok := errors.AsType[kafka.Error](err); ok {
		return library.Code(), true
	}
	return 0, false
}

// isUnsupported reports whether a broker is too old for a request. The library has no name for these errors.
func isUnsupported(err error) bool {
	text := err.Error()
	return strings.Contains(text, "broker is too old") || strings.Contains(text, "request key is unknown")
}

func kindOfCode(code kafka.ErrorCode) Kind {
	switch code {
	case kafka.ErrUnknownTopicOrPart, kafka.ErrUnknownTopic, kafka.ErrUnknownPartition, kafka.ErrTopicException, kafka.ErrUnknownTopicID:
		return UnknownTopic
	case kafka.ErrTopicAuthorizationFailed, kafka.ErrGroupAuthorizationFailed, kafka.ErrClusterAuthorizationFailed:
		return Denied
	case kafka.ErrAuthentication, kafka.ErrSaslAuthenticationFailed, kafka.ErrUnsupportedSaslMechanism, kafka.ErrIllegalSaslState:
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
