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
	// twoRefreshes is how old the figures of a trigger may grow that nothing happened to; lateRefresh is added because a
	// refresh is not instant.
	twoRefreshes = 10 * time.Second
	lateRefresh  = time.Second
	// untilStale is how long the last good answer of a trigger may be served whose partition or coordinator is away:
	// MaxSnapshotAge and a refresh.
	untilStale = 20 * time.Second
)

// outage is the time for which a broker is away.
type outage struct {
	broker         int32
	death, returns time.Time
}

// judge holds one trigger's answers against the promise. Every complaint is one line.
func (o outage) judge(of trigger, samples []sample) (complaints []string) {
	complain := func(at time.Time, format string, arguments ...any) {
		complaints = append(complaints, fmt.Sprintf("%s: %s: %s", of.name, o.phase(at), fmt.Sprintf(format, arguments...)))
	}
	needed, touched := slices.Contains(of.needs, o.broker), slices.Contains(of.touches, o.broker)
	for _, span := range spansOf(samples, func(s sample) bool { return s.err != nil && !o.mayFail(s.at, touched, needed) }) {
		complain(span[0].at, "error for %.0f s: %s", seconds(span), texts(span))
	}
	for _, span := range spansOf(samples, func(s sample) bool { return s.err == nil && s.value != of.value }) {
		complain(span[0].at, "value %v for %.0f s, want %v", span[0].value, seconds(span), of.value)
	}
	if !touched {
		old := func(s sample) bool { return s.err == nil && s.at.Sub(s.observedAt) > twoRefreshes+lateRefresh }
		for _, span := range spansOf(samples, old) {
			complain(span[0].at, "figures older than %s for %.0f s, up to %.1f s, although no part of it is on broker %d",
				twoRefreshes, seconds(span), oldest(span).Seconds(), o.broker)
		}
	}
	if needed {
		for _, span := range spansOf(samples, func(s sample) bool { return o.mustFail(s.at) && !blames(s.err, of.missing) }) {
			complain(span[0].at, "want an error that names %q for %.0f s, got the value %v, error %v", of.missing, seconds(span), span[0].value, span[0].err)
		}
	}
	return complaints
}

// mayFail says whether an error at this time keeps the promise.
func (o outage) mayFail(at time.Time, touched, needed bool) bool {
	switch {
	case at.Before(o.death) || !touched:
		return false
	case at.Before(o.returns):
		return needed || at.Before(o.death.Add(afterDeath))
	default:
		return at.Before(o.returns.Add(afterReturn))
	}
}

// mustFail says whether the last good answer of a trigger that needs the broker is too old.
func (o outage) mustFail(at time.Time) bool {
	return at.After(o.death.Add(afterDeath+untilStale)) && at.Before(o.returns)
}

// trouble says until when errors of a trigger that the outage concerns are forgiven, where they are.
func (o outage) trouble(at time.Time) (until time.Time, in bool) {
	for _, from := range []struct {
		event time.Time
		grace time.Duration
	}{{o.death, afterDeath}, {o.returns, afterReturn}} {
		if until = from.event.Add(from.grace); !at.Before(from.event) && at.Before(until) {
			return until, true
		}
	}
	return time.Time{}, false
}

// blames says whether the error has the right cause and names what is missing.
func blames(err error, missing string) bool {
	cause, _ := scalers.CauseOf(err)
	return err != nil && (cause == scalers.CauseUnreachable || cause == scalers.CauseTimedOut) && strings.Contains(err.Error(), missing)
}

func (o outage) phase(at time.Time) string {
	switch {
	case at.Before(o.death):
		return fmt.Sprintf("%.0f s before the death of broker %d", o.death.Sub(at).Seconds(), o.broker)
	case at.Before(o.returns):
		return fmt.Sprintf("%.0f s after the death of broker %d", at.Sub(o.death).Seconds(), o.broker)
	default:
		return fmt.Sprintf("%.0f s after the return of broker %d", at.Sub(o.returns).Seconds(), o.broker)
	}
}

// spansOf are the runs of samples that are bad.
func spansOf(samples []sample, bad func(sample) bool) (spans [][]sample) {
	begin := -1
	for i, one := range samples {
		if bad(one) {
			if begin < 0 {
				begin = i
			}
			continue
		}
		if begin >= 0 {
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
