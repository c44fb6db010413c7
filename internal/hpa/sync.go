package hpa

import "time"

// Look is what an HPA's sync finds.
type Look struct {
	At time.Time
	// Current is the target's replicas.
	Current int32
	// Metrics are those that could be read; Failed is how many could not.
	Metrics []Metric
	Failed  int
}

// Outcome is what one sync comes to.
type Outcome struct {
	// Replicas is what the HPA sets.
	Replicas int32
	// Wish is what the metrics ask for, without any bound; valid when HasWish. There is none at 0 replicas, outside minReplicas and
	// maxReplicas, and while metrics cannot be read.
	Wish    int32
	HasWish bool
	// Stabilised is the wish after the stabilisation windows.
	Stabilised int32
	// Bound is what kept Replicas from being the wish.
	Bound Bound
}

// Bound is what an HPA's wish runs into.
type Bound int

const (
	// Unbound is what the metrics ask for.
	Unbound Bound = iota
	// ByMin is minReplicas.
	ByMin
	// ByMax is maxReplicas.
	ByMax
	// ByPolicy is a policy of its behaviour; without behaviour, twice as many replicas or 4.
	ByPolicy
	// ByStabilization is a stabilisation window.
	ByStabilization
	// ByZero is the target's being at 0: the HPA is switched off, and waking up is KEDA's.
	ByZero
	// ByFailure is metrics that cannot be read.
	ByFailure
)

// Sync is one sync of the HPA's controller, and what it remembers of it (kubernetes 1.34:
// pkg/controller/podautoscaler/horizontal.go, reconcileAutoscaler). It is a pure function: the same look at the same history gives
// the same outcome. A History{} tells what a controller does that has just begun.
func (a Autoscaler) Sync(h History, look Look) (Outcome, History) {
	if len(h.wishes) == 0 {
		h.wishes = []moment{{look.At, look.Current}}
	}
	outcome, asked := a.outcome(h, look)
	if asked {
		h.wishes = and(h.wishes, look.At, outcome.Wish, a.lookBack())
	}
	return outcome, h.changed(a.Behavior, look.At, look.Current, outcome.Replicas)
}

// outcome also says whether the metrics were asked.
func (a Autoscaler) outcome(h History, look Look) (outcome Outcome, asked bool) {
	current := look.Current
	switch {
	case current == 0:
		return Outcome{Bound: ByZero}, false
	case current > a.Max:
		return Outcome{Replicas: a.Max, Bound: ByMax}, false
	case current < a.Min:
		return Outcome{Replicas: a.Min, Bound: ByMin}, false
	}
	wish := a.wish(current, look.Metrics)
	if len(look.Metrics) == 0 || look.Failed > 0 && wish < current {
		return Outcome{Replicas: current, Bound: ByFailure}, false
	}
	outcome = Outcome{Wish: wish, HasWish: true}
	if a.Behavior == nil {
		outcome.Stabilised = stabilisedPlainly(wish, h, look.At)
		outcome.Replicas, outcome.Bound = a.limitedPlainly(current, outcome.Stabilised)
	} else {
		outcome.Stabilised = a.Behavior.stabilised(current, wish, h, look.At)
		outcome.Replicas, outcome.Bound = a.limited(current, outcome.Stabilised, h, look.At)
	}
	if outcome.Bound == Unbound && outcome.Stabilised != wish {
		outcome.Bound = ByStabilization
	}
	return outcome, true
}

// wish is the most that any metric asks for.
func (a Autoscaler) wish(current int32, metrics []Metric) int32 {
	down, up := a.tolerances()
	var wish int32
	for _, metric := range metrics {
		wish = max(wish, metric.replicas(current, down, up))
	}
	return wish
}

// limitedPlainly is for an HPA without behaviour (convertDesiredReplicasWithRules).
func (a Autoscaler) limitedPlainly(current, wish int32) (int32, Bound) {
	const least = 4
	limit := max(least, saturated(2*int64(current)))
	switch {
	case wish < a.Min:
		return a.Min, ByMin
	case a.Max > limit && wish > limit:
		return limit, ByPolicy
	case wish > a.Max:
		return a.Max, ByMax
	default:
		return wish, Unbound
	}
}
