//go:build kafka

package kafkacluster_test

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/lagwise/lagwise/scalers"
)

// The promise: how long a trigger may have errors after something happened that concerns it.
const (
	afterDeath  = 20 * time.Second
	afterReturn = 30 * time.Second
	// twoRefreshes is how old the figures of a trigger may grow that nothing happens to; lateRefresh is added because a
	// refresh is not instant.
	twoRefreshes = 10 * time.Second
	lateRefresh  = time.Second
	// untilStale is how long the last good answer of a trigger may be served whose partition or coordinator is away:
	// MaxSnapshotAge and a refresh.
	untilStale = 20 * time.Second
)

// history is what happened to the cluster, and which errors that excuses.
type history struct {
	events  []event // in order of time
	excuses []excuse
	lacks   []lack
	// longest bounds how long an error may last although it is excused; zero for no bound. It does not hold where a broker is
	// needed that is away.
	longest time.Duration
}

// event is something to count seconds from.
type event struct {
	name string
	at   time.Time
}

// excuse is a time in which triggers may have errors that it covers. What no excuse ever covers must not notice anything.
type excuse struct {
	from, until time.Time
	covers      func(trigger) bool
}

// lack is a time in which a broker is away, so that triggers which need it must have errors.
type lack struct {
	from, until time.Time
	broker      int32
}

// away adds a broker's death and return.
func (h *history) away(broker int32, death, returns time.Time) {
	needs := func(of trigger) bool { return slices.Contains(of.needs, broker) }
	touches := func(of trigger) bool { return slices.Contains(of.touches, broker) }
	h.events = append(h.events,
		event{fmt.Sprintf("the death of broker %d", broker), death}, event{fmt.Sprintf("the return of broker %d", broker), returns})
	h.excuses = append(h.excuses, excuse{death, death.Add(afterDeath), touches}, excuse{death, returns, needs},
		excuse{returns, returns.Add(afterReturn), touches})
	h.lacks = append(h.lacks, lack{death.Add(afterDeath + untilStale), returns, broker})
}

// moved adds a change of leaders while every broker is there.
func (h *history) moved(what string, began, ended time.Time) {
	h.events = append(h.events, event{what, began})
	h.excuses = append(h.excuses, excuse{began, ended.Add(afterDeath), func(trigger) bool { return true }})
}

// happened adds what must not concern any trigger.
func (h *history) happened(what string, at time.Time) { h.events = append(h.events, event{what, at}) }

// complaint is one way in which answers broke the promise.
type complaint struct {
	what   string // one of the constants
	text   string
	lasted float64 // in seconds
}

const (
	wrongValue   = "have a wrong value"
	needlessFail = "have an error that nothing excuses"
	longFail     = "have an error that lasts too long"
	oldFigures   = "have old figures although nothing happened to their partitions and coordinator"
	noBlame      = "do not say what they lack"
)

// judge holds one trigger's answers against the promise.
func (h *history) judge(of trigger, samples []sample) (complaints []complaint) {
	complain := func(what string, bad func(sample) bool, detail func(span []sample) string) {
		for _, span := range spansOf(samples, bad) {
			text := fmt.Sprintf("%s, %s, for %.0f s: %s", of.name, h.phase(span[0].at), seconds(span), detail(span))
			complaints = append(complaints, complaint{what: what, lasted: seconds(span), text: text})
		}
	}
	complain(wrongValue, func(s sample) bool { return s.err == nil && s.value != of.value }, func(span []sample) string {
		return fmt.Sprintf("the value %v, want %v", span[0].value, of.value)
	})
	complain(needlessFail, func(s sample) bool { return s.err != nil && !h.excused(of, s.at) }, texts)
	if h.undisturbed(of) {
		old := func(s sample) bool { return s.err == nil && s.at.Sub(s.observedAt) > twoRefreshes+lateRefresh }
		complain(oldFigures, old, func(span []sample) string { return fmt.Sprintf("up to %.1f s old", oldest(span).Seconds()) })
	}
	complain(noBlame, func(s sample) bool { return h.lacking(of, s.at) && !blames(s.err, of.missing) }, func(span []sample) string {
		return fmt.Sprintf("want an error that names %q, got the value %v, error %v", of.missing, span[0].value, span[0].err)
	})
	if span := longestError(samples); h.longest > 0 && len(of.needs) == 0 && len(span) > 0 && seconds(span) > h.longest.Seconds() {
		text := fmt.Sprintf("%s, %s, for %.0f s: %s", of.name, h.phase(span[0].at), seconds(span), texts(span))
		complaints = append(complaints, complaint{what: longFail, lasted: seconds(span), text: text})
	}
	return complaints
}

// excused says whether an error at this time is.
func (h *history) excused(of trigger, at time.Time) bool {
	return slices.ContainsFunc(h.excuses, func(one excuse) bool {
		return one.covers(of) && !at.Before(one.from) && at.Before(one.until)
	})
}

// deadline is when a trigger's stream must have learnt of a change that it usually learns of within the bound: as long after the
// last excuse that begins before.
func (h *history) deadline(of trigger, at time.Time, bound time.Duration) (deadline time.Time, excused bool) {
	deadline = at.Add(bound)
	for again := true; again; {
		again = false
		for _, one := range h.excuses {
			if one.covers(of) && one.from.Before(deadline) && one.until.After(at) && one.until.Add(bound).After(deadline) {
				deadline, excused, again = one.until.Add(bound), true, true
			}
		}
	}
	return deadline, excused
}

func (h *history) undisturbed(of trigger) bool {
	return !slices.ContainsFunc(h.excuses, func(one excuse) bool { return one.covers(of) })
}

// lacking says whether the trigger's last good answer is too old because a broker that it needs is away.
func (h *history) lacking(of trigger, at time.Time) bool {
	return slices.ContainsFunc(h.lacks, func(one lack) bool {
		return slices.Contains(of.needs, one.broker) && at.After(one.from) && at.Before(one.until)
	})
}

// phase says how long after the latest event that is.
func (h *history) phase(at time.Time) string {
	phase := "before anything happened"
	for _, one := range h.events {
		if !at.Before(one.at) {
			phase = fmt.Sprintf("%.0f s after %s", at.Sub(one.at).Seconds(), one.name)
		}
	}
	return phase
}

// kind says what happened to a trigger, for the log.
func (h *history) kind(of trigger) string {
	switch {
	case h.undisturbed(of):
		return undisturbed
	case slices.ContainsFunc(h.lacks, func(one lack) bool { return slices.Contains(of.needs, one.broker) }):
		return leaderless
	default:
		return failedOver
	}
}

const (
	undisturbed = "are undisturbed"
	failedOver  = "fail over"
	leaderless  = "have no other broker"
)

// blames says whether the error has the right cause and names what is missing.
func blames(err error, missing string) bool {
	cause, _ := scalers.CauseOf(err)
	return err != nil && (cause == scalers.CauseUnreachable || cause == scalers.CauseTimedOut) && strings.Contains(err.Error(), missing)
}

// spansOf are the runs of samples that are bad.
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

// seconds is how long a run lasts: from its first question to the one after its last.
func seconds(span []sample) float64 {
	return (span[len(span)-1].at.Sub(span[0].at) + pollInterval).Seconds()
}

func oldest(span []sample) (age time.Duration) {
	for _, one := range span {
		age = max(age, one.at.Sub(one.observedAt))
	}
	return age
}

// texts are the first and the last error of a run.
func texts(span []sample) string {
	first, last := span[0].err.Error(), span[len(span)-1].err.Error()
	if first == last {
		return first
	}
	return first + " ... " + last
}

// longestError is the longest run of errors.
func longestError(samples []sample) (longest []sample) {
	for _, span := range spansOf(samples, func(s sample) bool { return s.err != nil }) {
		if len(longest) == 0 || seconds(span) > seconds(longest) {
			longest = span
		}
	}
	return longest
}
