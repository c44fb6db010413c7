//go:build kafka

package kafkacluster_test

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/lagwise/lagwise/scalers"
)

// Bounds on what a trigger may return while its cluster changes.
const (
	// afterDeath and afterReturn are how long an affected trigger may return errors after a broker left and came back.
	afterDeath  = 20 * time.Second
	afterReturn = 30 * time.Second
	// maxAge bounds the age of an observation of a trigger that no event affects: two refresh intervals, and one second because a
	// refresh takes time.
	maxAge = 2*refreshInterval + time.Second
	// afterLoss is how long the last observation of a trigger may still be returned after one of its leaders was lost:
	// MaxSnapshotAge and two refresh intervals.
	afterLoss = 25 * time.Second
)

// history is what happened to the cluster, and when triggers may return errors because of it.
type history struct {
	events     []event // ordered by time
	tolerances []tolerance
	losses     []loss
	// longestError bounds how long an error may last although it is tolerated; zero for no bound. Triggers that need a broker
	// which left are exempt.
	longestError time.Duration
}

// event is a point in time that reports refer to.
type event struct {
	name string
	at   time.Time
}

// tolerance is a period in which the affected triggers may return errors.
type tolerance struct {
	from, until time.Time
	affects     func(trigger) bool
}

// loss is a period in which triggers that need the broker must return errors.
type loss struct {
	from, until time.Time
	broker      int32
}

// left records that a broker began to leave, was gone and returned.
func (h *history) left(broker int32, death, gone, returned time.Time) {
	needed := func(of trigger) bool { return slices.Contains(of.needs, broker) }
	used := func(of trigger) bool { return slices.Contains(of.uses, broker) }
	h.events = append(h.events,
		event{fmt.Sprintf("the death of broker %d", broker), death}, event{fmt.Sprintf("the return of broker %d", broker), returned})
	h.tolerances = append(h.tolerances, tolerance{death, gone.Add(afterDeath), used}, tolerance{death, returned, needed},
		tolerance{returned, returned.Add(afterReturn), used})
	h.losses = append(h.losses, loss{gone.Add(afterLoss), returned, broker})
}

// moved records that leaders changed while every broker was running.
func (h *history) moved(what string, began, ended time.Time) {
	h.events = append(h.events, event{what, began})
	h.tolerances = append(h.tolerances, tolerance{began, ended.Add(afterDeath), func(trigger) bool { return true }})
}

// happened records an event that affects no trigger.
func (h *history) happened(what string, at time.Time) { h.events = append(h.events, event{what, at}) }

// violation is one run of samples outside the bounds.
type violation struct {
	kind   string // one of violationKinds
	text   string
	lasted float64 // in seconds
}

const (
	wrongValue     = "wrong value"
	untolerated    = "error outside the tolerated time"
	tooLong        = "error that lasts too long"
	oldObservation = "old observation although no event affects the trigger"
	unnamedCause   = "error that does not name its cause"
)

func violationKinds() []string {
	return []string{wrongValue, untolerated, tooLong, oldObservation, unnamedCause}
}

// check compares one trigger's samples with the bounds.
func (h *history) check(of trigger, samples []sample) (violations []violation) {
	report := func(kind string, span []sample, detail string) {
		text := fmt.Sprintf("%s, %s, for %.0f s: %s", of.name, h.phase(span[0].at), seconds(span), detail)
		violations = append(violations, violation{kind: kind, lasted: seconds(span), text: text})
	}
	for _, span := range spansOf(samples, func(s sample) bool { return s.err == nil && s.value != of.value }) {
		report(wrongValue, span, fmt.Sprintf("got %v, want %v", span[0].value, of.value))
	}
	for _, span := range spansOf(samples, func(s sample) bool { return s.err != nil && !h.tolerated(of, s.at) }) {
		report(untolerated, span, errorTexts(span))
	}
	if span := longestError(samples); h.longestError > 0 && len(of.needs) == 0 && seconds(span) > h.longestError.Seconds() {
		report(tooLong, span, errorTexts(span))
	}
	if h.unaffected(of) {
		for _, span := range spansOf(samples, func(s sample) bool { return s.err == nil && s.age() > maxAge }) {
			report(oldObservation, span, fmt.Sprintf("up to %.1f s old", oldest(span).Seconds()))
		}
	}
	for _, span := range spansOf(samples, func(s sample) bool { return h.lost(of, s.at) && !namesCause(s.err, of.cause) }) {
		report(unnamedCause, span, fmt.Sprintf("want %q in the error, got value %v, error %v", of.cause, span[0].value, span[0].err))
	}
	return violations
}

// tolerated reports whether the trigger may return an error at this time.
func (h *history) tolerated(of trigger, at time.Time) bool {
	return slices.ContainsFunc(h.tolerances, func(one tolerance) bool {
		return one.affects(of) && !at.Before(one.from) && at.Before(one.until)
	})
}

// deadline returns when a change must have been pushed that takes at most the bound while nothing happens: as long after the
// last tolerance that begins before.
func (h *history) deadline(of trigger, changed time.Time, bound time.Duration) (deadline time.Time, extended bool) {
	deadline = changed.Add(bound)
	for again := true; again; {
		again = false
		for _, one := range h.tolerances {
			if one.affects(of) && one.from.Before(deadline) && one.until.After(changed) && one.until.Add(bound).After(deadline) {
				deadline, extended, again = one.until.Add(bound), true, true
			}
		}
	}
	return deadline, extended
}

func (h *history) unaffected(of trigger) bool {
	return !slices.ContainsFunc(h.tolerances, func(one tolerance) bool { return one.affects(of) })
}

// lost reports whether the trigger's last observation is too old because a broker that it needs is away.
func (h *history) lost(of trigger, at time.Time) bool {
	return slices.ContainsFunc(h.losses, func(one loss) bool {
		return slices.Contains(of.needs, one.broker) && at.After(one.from) && at.Before(one.until)
	})
}

// phase describes a time by the latest event before it, or by the first event.
func (h *history) phase(at time.Time) string {
	if len(h.events) == 0 {
		return "without an event"
	}
	first := h.events[0]
	phase := fmt.Sprintf("%.0f s before %s", first.at.Sub(at).Seconds(), first.name)
	for _, one := range h.events {
		if !at.Before(one.at) {
			phase = fmt.Sprintf("%.0f s after %s", at.Sub(one.at).Seconds(), one.name)
		}
	}
	return phase
}

// The ways in which the events affect a trigger, for the log.
const (
	unaffected = "unaffected"
	failover   = "with failover"
	noReplica  = "without another replica"
)

func (h *history) effect(of trigger) string {
	switch {
	case h.unaffected(of):
		return unaffected
	case slices.ContainsFunc(h.losses, func(one loss) bool { return slices.Contains(of.needs, one.broker) }):
		return noReplica
	default:
		return failover
	}
}

// namesCause reports whether the error names what is unavailable, and has the right scalers.Cause.
func namesCause(err error, name string) bool {
	cause, _ := scalers.CauseOf(err)
	return err != nil && (cause == scalers.CauseUnreachable || cause == scalers.CauseTimedOut) && strings.Contains(err.Error(), name)
}

// spansOf returns the runs of bad samples.
func spansOf(samples []sample, bad func(sample) bool) (spans [][]sample) {
	begin := -1
	for i, one := range samples {
		switch {
		case bad(one) && begin < 0:
			begin = i
		case !bad(one) && begin >= 0:
			spans = append(spans, samples[begin:i])
			begin = -1
		}
	}
	if begin >= 0 {
		spans = append(spans, samples[begin:])
	}
	return spans
}

// seconds returns how long a run of samples lasted: until the poll after its last.
func seconds(span []sample) float64 {
	if len(span) == 0 {
		return 0
	}
	return (span[len(span)-1].at.Sub(span[0].at) + pollInterval).Seconds()
}

func oldest(span []sample) (age time.Duration) {
	for _, one := range span {
		age = max(age, one.age())
	}
	return age
}

// errorTexts returns the first and the last error of a run.
func errorTexts(span []sample) string {
	first, last := span[0].err.Error(), span[len(span)-1].err.Error()
	if first == last {
		return first
	}
	return first + " ... " + last
}

func longestError(samples []sample) (longest []sample) {
	for _, span := range spansOf(samples, func(s sample) bool { return s.err != nil }) {
		if seconds(span) > seconds(longest) {
			longest = span
		}
	}
	return longest
}
