package scalers

import (
	"cmp"
	"context"
	"slices"
	"time"
)

// Detailed is a Scaler that can show what its answer is made of. It is asked by people, never by KEDA: what it takes is paid then
// alone.
type Detailed interface {
	Scaler
	// Detail decides like Evaluate, on one observation, and shows that. Its errors are Evaluate's.
	Detail(ctx context.Context) (Detail, error)
}

// Detail is an answer and what it was made of; both are of one observation.
type Detail struct {
	Evaluation
	// Parts are in the source's own order.
	Parts []Part
	// Limit is what keeps Value from being more; nil where nothing does.
	Limit *Limit
	// Settling is how far back rules look that were not observed for as long yet; 0 where all have seen what they need.
	Settling time.Duration
}

// Limit is a bound that lies in the source, such as that a partition has one consumer.
type Limit struct {
	// Name is the source's own word for it, such as "partition limit".
	Name string
	// Value is what the metric would be without it.
	Value float64
}

// Part is a piece of the source that counts by itself, such as a partition or a window of time.
type Part struct {
	// Name is unique within the Detail, such as "orders/3".
	Name string
	// Done and Left are what was consumed and what waits, as a bar draws them: finite, never negative, in the same unit. Done is 0
	// where that is not known.
	Done, Left float64
	// Figures are what was observed of the part, the same ones in the same order for every part of a Detail.
	Figures []Figure
	// Note says in words what is out of the ordinary; empty for most parts.
	Note string
}

// Figure is one number that was observed, or counted.
type Figure struct {
	// Name is stable, such as "log end offset".
	Name  string
	Value float64
	Unit  Unit
	// Known says that there is a value: some figures are observed only where a rule needs them.
	Known bool
}

// Unit says what a Figure counts.
type Unit string

// The units of figures. A UnitFlag is 1 for yes and 0 for no; a UnitNumber is of a kind that only the source's user knows.
const (
	UnitOffset   Unit = "offset"
	UnitRecords  Unit = "records"
	UnitSeconds  Unit = "seconds"
	UnitReplicas Unit = "replicas"
	UnitFlag     Unit = "flag"
	UnitNumber   Unit = "number"
)

// MostNamed is how many triggers Named gives at most. A workload has a handful.
const MostNamed = 100

// Named tells how the triggers of one ScaledObject or ScaledJob stand that are alive, the oldest first. An edited trigger stays
// beside its successor until nobody has asked about it for a while.
func (r *Registry) Named(namespace, name string) []Standing {
	return r.standingsOf(MostNamed, func(e *entry) bool {
		trigger := e.scaler.of()
		return trigger.Name == name && trigger.Namespace == namespace
	})
}

// Detail shows how the trigger with this serial stands, and what its answer is made of; alive is false when there is no such trigger.
// The Detail of a scaler that is not Detailed has no parts. Asking builds nothing, and keeps nothing alive.
func (r *Registry) Detail(ctx context.Context, serial uint64) (standing Standing, detail Detail, alive bool, err error) {
	var scaler Scaler
	standings := r.standingsOf(1, func(e *entry) bool {
		if e.serial != serial {
			return false
		}
		scaler = e.built
		return true
	})
	if len(standings) == 0 {
		return Standing{}, Detail{}, false, nil
	}
	detail, err = DetailOf(ctx, scaler)
	return standings[0], detail, true, err
}

// DetailOf is the Detail of any scaler: one without parts where it cannot show them.
func DetailOf(ctx context.Context, scaler Scaler) (Detail, error) {
	if detailed, can := scaler.(Detailed); can {
		return detailed.Detail(ctx)
	}
	evaluation, err := scaler.Evaluate(ctx)
	return Detail{Evaluation: evaluation}, err
}

// standingsOf tells how those triggers stand that match, the oldest first, and no more than most of them. KEDA's questions wait
// for the registry's lock, so little is done under it: no sorting, and nothing that a scaler may take its time for.
func (r *Registry) standingsOf(most int, matches func(*entry) bool) []Standing {
	type seen struct {
		*entry

		lastUsed time.Time
		held     bool
	}
	r.mu.Lock()
	found := make([]seen, 0, min(len(r.entries), most))
	for _, e := range r.entries {
		if matches(e) {
			found = append(found, seen{e, e.lastUsed, e.leases > 0})
		}
	}
	r.mu.Unlock()

	slices.SortFunc(found, func(a, b seen) int { return cmp.Compare(a.serial, b.serial) })
	found = found[:min(len(found), most)]
	standings := make([]Standing, len(found))
	for i, one := range found {
		standings[i] = Standing{Source: one.source, Serial: one.serial, Asked: one.lastUsed, Held: one.held}
		one.scaler.describe(&standings[i])
	}
	return standings
}
