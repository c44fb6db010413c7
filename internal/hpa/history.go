package hpa

import (
	"slices"
	"time"
)

// History is what the HPA's controller remembers of one HPA from a sync to the next. The zero value is that of a controller
// that has just begun. Nobody changes a History: Sync gives a new one.
type History struct {
	// wishes are what the metrics asked for, before any bound.
	wishes []moment
	// ups and downs are the changes that the HPA made. What KEDA changed is not among them.
	ups, downs []moment
}

// moment is a number of replicas at an instant.
type moment struct {
	at       time.Time
	replicas int32
}

// changeSince is how many replicas came, or went, within a period.
func changeSince(period time.Duration, now time.Time, changes []moment) (replicas int32) {
	cutoff := now.Add(-period)
	for _, change := range changes {
		if change.at.After(cutoff) {
			replicas += change.replicas
		}
	}
	return replicas
}

// and adds a moment. It takes the place of the last one that is older than is looked back, if there is one.
func and(moments []moment, now time.Time, replicas int32, lookBack time.Duration) []moment {
	next := moment{now, replicas}
	cutoff := now.Add(-lookBack)
	for i, m := range slices.Backward(moments) {
		if m.at.Before(cutoff) {
			moments = slices.Clone(moments)
			moments[i] = next
			return moments
		}
	}
	return append(slices.Clip(moments), next)
}

// changed notes what the HPA did, for its policies. A policy looks at the changes of both directions, and yet each is forgotten by
// the periods of its own, as in Kubernetes (storeScaleEvent).
func (h History) changed(b *Behavior, now time.Time, before, after int32) History {
	switch {
	case b == nil || before == after:
	case after > before:
		h.ups = and(h.ups, now, after-before, b.Up.longestPeriod())
	default:
		h.downs = and(h.downs, now, before-after, b.Down.longestPeriod())
	}
	return h
}

func (d Direction) longestPeriod() (longest time.Duration) {
	for _, policy := range d.Policies {
		longest = max(longest, policy.Period)
	}
	return longest
}
