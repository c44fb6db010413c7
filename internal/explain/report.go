package explain

import (
	"time"

	"github.com/lagwise/lagwise/scalers"
)

// Report is the answer to "why this number?" for one ScaledObject or ScaledJob. It is what `lagwise explain -o json` and the page's
// /api/explain print; names of fields are kept as they are.
type Report struct {
	Namespace string `json:"namespace" yaml:"namespace"`
	Name      string `json:"name"      yaml:"name"`
	// Kind is ScaledObject or ScaledJob; empty where only the triggers are known, because KEDA does not send it.
	Kind     string    `json:"kind,omitempty" yaml:"kind,omitempty"`
	Triggers []Trigger `json:"triggers"       yaml:"triggers"`
	// Replicas are a ScaledObject's, Jobs a ScaledJob's; both are nil where its manifest is not at hand.
	Replicas *Replicas `json:"replicas,omitempty" yaml:"replicas,omitempty"`
	Jobs     *Jobs     `json:"jobs,omitempty"     yaml:"jobs,omitempty"`
}

// Trigger is what one trigger answers, and why.
type Trigger struct {
	// Index and Name are the trigger's in its file, and Type as well, such as external-push. A running lagwise knows none of them.
	Index *int   `json:"index,omitempty" yaml:"index,omitempty"`
	Name  string `json:"name,omitempty"  yaml:"name,omitempty"`
	Type  string `json:"type,omitempty"  yaml:"type,omitempty"`
	// MetricType is Value where the trigger says so; empty for KEDA's default, AverageValue.
	MetricType string `json:"metricType,omitempty" yaml:"metricType,omitempty"`
	// Scaler is the source that answers, such as kafka; empty where lagwise does not answer for the trigger.
	Scaler string `json:"scaler,omitempty" yaml:"scaler,omitempty"`
	// Serial is the running number of a trigger that is alive in a running lagwise; 0 for one of a file.
	Serial uint64 `json:"serial,omitempty" yaml:"serial,omitempty"`
	// Metric is what the HPA is told of; nil where lagwise does not answer for the trigger.
	Metric *Metric `json:"metric,omitempty" yaml:"metric,omitempty"`
	// Answer is nil where there is none: Failure says why then.
	Answer  *Answer  `json:"answer,omitempty"  yaml:"answer,omitempty"`
	Failure *Failure `json:"failure,omitempty" yaml:"failure,omitempty"`
	// Note is what else there is to say, such as that KEDA answers for the trigger itself.
	Note string `json:"note,omitempty" yaml:"note,omitempty"`
}

// Metric is the metric's name, as the HPA knows it but for KEDA's prefix, and the target for one replica.
type Metric struct {
	Name   string  `json:"name"   yaml:"name"`
	Target float64 `json:"target" yaml:"target"`
}

// Answer is what KEDA is told, with the way to it. All of it is of one observation.
type Answer struct {
	Value      float64   `json:"value"      yaml:"value"`
	Active     bool      `json:"active"     yaml:"active"`
	ObservedAt time.Time `json:"observedAt" yaml:"observedAt"`
	// Asks is how many replicas, or jobs, the metric asks for by itself: value / target, rounded up, before any bound of KEDA's.
	Asks int32 `json:"asks" yaml:"asks"`
	// Limit is what keeps Value from being more; nil where nothing in the source does.
	Limit *Limit `json:"limit,omitempty" yaml:"limit,omitempty"`
	// SettlesInSeconds is how far back rules look that have not observed for as long: the answer may change by then.
	SettlesInSeconds float64 `json:"settlesInSeconds,omitempty" yaml:"settlesInSeconds,omitempty"`
	// Parts are the partitions, or windows, in the source's order; Rules worked in this order.
	Parts []Part `json:"parts" yaml:"parts"`
	Rules []Rule `json:"rules" yaml:"rules"`
}

// Limit is a bound of the source, such as the partition limit, and what the value would be without it.
type Limit struct {
	Name  string  `json:"name"  yaml:"name"`
	Value float64 `json:"value" yaml:"value"`
}

// Part is one partition, or window.
type Part struct {
	Name string `json:"name" yaml:"name"`
	// Done and Left are what was consumed and what waits, in the same unit.
	Done    float64  `json:"done"           yaml:"done"`
	Left    float64  `json:"left"           yaml:"left"`
	Figures []Figure `json:"figures"        yaml:"figures"`
	Note    string   `json:"note,omitempty" yaml:"note,omitempty"`
}

// Figure is one number of a part. A Value of null is not known: some numbers are read only where a rule needs them.
type Figure struct {
	Name  string   `json:"name"  yaml:"name"`
	Value *float64 `json:"value" yaml:"value"`
	// Unit is offset, records, seconds, replicas, number or flag (1 for yes, 0 for no).
	Unit string `json:"unit" yaml:"unit"`
}

// Rule is one step. Key is the metadata key that chose it; empty for what KEDA does without one.
type Rule struct {
	Rule string `json:"rule"          yaml:"rule"`
	Key  string `json:"key,omitempty" yaml:"key,omitempty"`
	Text string `json:"text"          yaml:"text"`
	// Warning reports that the user should act on Text.
	Warning bool `json:"warning,omitempty" yaml:"warning,omitempty"`
}

// Failure is why there is no answer.
type Failure struct {
	// Cause is refused, not_found, denied, unauthenticated, unreachable, timed_out, exhausted or internal.
	Cause string `json:"cause" yaml:"cause"`
	Text  string `json:"text"  yaml:"text"`
}

// Mendable says that somebody has to mend something before there is an answer; other failures may pass.
func (f Failure) Mendable() bool {
	switch f.Cause {
	case scalers.CauseRefused.String(), scalers.CauseNotFound.String(), scalers.CauseDenied.String(), scalers.CauseUnauthenticated.String():
		return true
	default:
		return false
	}
}

// Replicas is what KEDA and the HPA come to while the triggers go on answering as they do.
type Replicas struct {
	// Now is where it begins.
	Now int32 `json:"now" yaml:"now"`
	// MinReplicaCount and its like are the ScaledObject's, with KEDA's defaults.
	MinReplicaCount  int32  `json:"minReplicaCount"            yaml:"minReplicaCount"`
	MaxReplicaCount  int32  `json:"maxReplicaCount"            yaml:"maxReplicaCount"`
	IdleReplicaCount *int32 `json:"idleReplicaCount,omitempty" yaml:"idleReplicaCount,omitempty"`
	// Asked is the most that any trigger asks for, rounded up, before every bound but the source's; null while none has an answer.
	Asked *int32 `json:"asked" yaml:"asked"`
	// ComesTo is what it settles at; null where that cannot be told.
	ComesTo *int32 `json:"comesTo" yaml:"comesTo"`
	// AtLeast says that triggers which KEDA answers itself may ask for more.
	AtLeast bool `json:"atLeast,omitempty" yaml:"atLeast,omitempty"`
	// BoundBy is what keeps ComesTo from being what the triggers ask for (see Bound); empty where nothing does.
	BoundBy Bound `json:"boundBy,omitempty" yaml:"boundBy,omitempty"`
	// Text says the same in words.
	Text string `json:"text" yaml:"text"`
	// Steps lead there; MoreSteps are not listed.
	Steps     []Step   `json:"steps"               yaml:"steps"`
	MoreSteps int      `json:"moreSteps,omitempty" yaml:"moreSteps,omitempty"`
	Notes     []string `json:"notes,omitempty"     yaml:"notes,omitempty"`
}

// Step is a change of replicas.
type Step struct {
	// AfterSeconds is how long it takes until then at most.
	AfterSeconds float64 `json:"afterSeconds" yaml:"afterSeconds"`
	Replicas     int32   `json:"replicas"     yaml:"replicas"`
	// By is KEDA or HPA; BoundBy is what kept the step from being larger.
	By      string `json:"by"                yaml:"by"`
	BoundBy Bound  `json:"boundBy,omitempty" yaml:"boundBy,omitempty"`
	Text    string `json:"text"              yaml:"text"`
}

// Jobs is what KEDA does about a ScaledJob at its next poll.
type Jobs struct {
	// Running are the jobs that are not finished, of which some are Pending because no pod of theirs runs yet.
	Running int64 `json:"running" yaml:"running"`
	Pending int64 `json:"pending" yaml:"pending"`
	// Asked is how many jobs the triggers ask for altogether, Start how many KEDA starts; null where that cannot be told.
	Asked   int64  `json:"asked"             yaml:"asked"`
	Start   *int64 `json:"start"             yaml:"start"`
	AtLeast bool   `json:"atLeast,omitempty" yaml:"atLeast,omitempty"`
	BoundBy Bound  `json:"boundBy,omitempty" yaml:"boundBy,omitempty"`
	Text    string `json:"text"              yaml:"text"`
	// PollSeconds is how often KEDA asks.
	PollSeconds float64  `json:"pollSeconds"     yaml:"pollSeconds"`
	Notes       []string `json:"notes,omitempty" yaml:"notes,omitempty"`
}

// Bound is what a number of replicas or jobs runs into: a field of the manifest, one of these, or a source's own word such as
// "partition limit".
type Bound string

// The bounds that no source has.
const (
	BoundMin           Bound = "minReplicaCount"
	BoundMax           Bound = "maxReplicaCount"
	BoundIdle          Bound = "idleReplicaCount"
	BoundOne           Bound = "one replica" // the HPA never goes below that by itself
	BoundTolerance     Bound = "tolerance"
	BoundPolicy        Bound = "scaling policy"
	BoundStabilization Bound = "stabilization window"
	BoundFallback      Bound = "fallback"
	BoundInactive      Bound = "inactive"
	BoundNoAnswer      Bound = "no answer"
	BoundPaused        Bound = "paused"
	BoundStrategy      Bound = "scalingStrategy"
	BoundQueue         Bound = "metric value"
)
