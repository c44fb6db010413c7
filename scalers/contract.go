// Package scalers is the contract between the gRPC edge and the sources of metrics: what a trigger is, what a scaler
// answers, why it may refuse, and the registry that keeps scalers alive while somebody asks. It knows neither protobuf
// nor any source; each source is a folder below this one.
package scalers

import (
	"context"
	"time"

	"github.com/lagwise/lagwise/scalers/secret"
)

// Trigger is one trigger of a ScaledObject or ScaledJob as KEDA sends it. KEDA sends neither the kind, nor the
// trigger's name or index, so two identical triggers cannot be told apart, and need not be.
type Trigger struct {
	Namespace string
	Name      string
	// Metadata holds the trigger's metadata as written, plus every *FromEnv key with its value already resolved
	// (KEDA: pkg/scalers/external_scaler.go, parseExternalScalerMetadata).
	Metadata map[string]string
	// Credentials are the parameters of the TriggerAuthentication that the trigger names in its metadata, by KEDA's names for them;
	// nil until they were read, and where it names none.
	Credentials map[string]secret.Text
}

// Metric is what the HPA is told about a trigger: the metric's name and the target for one replica.
type Metric struct {
	// Name is normalised as KEDA's own scalers normalise it, without KEDA's "s0-" prefix.
	Name string
	// Target is the value that one replica should carry; always above zero.
	Target float64
}

// Evaluation is a scaler's answer at one instant.
type Evaluation struct {
	// Value is the metric over all replicas; finite and never negative.
	Value float64
	// Active says whether there is work at all: KEDA scales between 0 and 1 by it.
	Active bool
	// Left is how much waits at the source, before any rule made another number of it: for Kafka the lag of all partitions that
	// count, in records. HasLeft says that the source has such a number; a window of time has none.
	Left    float64
	HasLeft bool
	// ObservedAt is when the source was read for this answer.
	ObservedAt time.Time
	// WokenAt is when the event was noticed that had the source read for this answer; zero when it was read in its turn.
	WokenAt time.Time
	// Stalled is how many parts of the source, such as partitions, nobody gets on with although somebody should; 0 where nobody
	// asked to know. A reason says which.
	Stalled int
	// Reasons are the rules that led here, in order.
	Reasons []Reason
}

// Reason is one rule's part in an Evaluation, for people.
type Reason struct {
	// Rule is the rule's name, e.g. "limit".
	Rule string
	// Key is the metadata key that chose the rule; empty for KEDA's defaults.
	Key string
	// Text says what the rule saw and what it changed.
	Text string
	// Warning reports that the user should act on Text.
	Warning bool
}

// Scaler answers for one trigger. Methods are safe for concurrent use.
type Scaler interface {
	// Metric never blocks and never fails: KEDA starts no scale loop without a metric spec, so even a refused trigger
	// has one.
	Metric() Metric
	// Evaluate answers from what is known or says why it is not known; it never answers 0 or inactive for "don't know".
	// Errors carry a Cause.
	Evaluate(ctx context.Context) (Evaluation, error)
}

// Prompt is a Scaler that may know its answer without waiting for anything, as those do that answer from memory. It spares
// each question a goroutine and a clock of its own.
type Prompt interface {
	Scaler
	// Known gives the answer that Evaluate would give; false when there is none, or an error, and Evaluate has to be asked.
	Known() (evaluation Evaluation, known bool)
}

// Redactor is a Scaler whose callers may not read all errors about it in full. The server has it redact those that it makes itself,
// such as that of an evaluation which takes too long.
type Redactor interface {
	Redact(err error) error
}

// Watcher is a Scaler that can tell at once when its answer may have changed.
type Watcher interface {
	// Watch calls seen with the present evaluation and then with each new one, until ctx ends (then it returns nil) or
	// seen fails (then it returns that error). Times in which nothing is known are passed over in silence. seen may take
	// long, because it tells a client that may not be reading: what happens meanwhile must not queue up.
	Watch(ctx context.Context, seen func(Evaluation) error) error
}

// Connected is a Scaler that reads its source over a connection.
type Connected interface {
	// Connection is its name, or what the trigger's own brokers are called; empty where it is not known yet.
	Connection() string
}

// Factory builds the Scaler of a trigger. It never fails and does no I/O: metadata that it must refuse gives a Refused
// scaler, which still has a metric and says from Evaluate what is wrong.
type Factory func(Trigger) Scaler
