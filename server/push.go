package server

import (
	"time"

	"github.com/lagwise/lagwise/scalers"
)

// longestGap bounds the doubling between repeats.
const longestGap = 10 * time.Minute

// activity is what is known of a trigger at one instant.
type activity int

const (
	unknown activity = iota
	inactive
	active
)

func activityOf(isActive bool) activity {
	if isActive {
		return active
	}
	return inactive
}

// sight is what was seen of a trigger, and the event that led to it.
type sight struct {
	activity
	// woken is when the event was noticed; zero for none.
	woken time.Time
}

func sightOf(evaluation scalers.Evaluation) sight {
	return sight{activityOf(evaluation.Active), evaluation.WokenAt}
}

// pace says how often a stream may tell KEDA that a trigger is active.
type pace struct {
	// minInterval is the least time between two pushes.
	minInterval time.Duration
	// repeatInterval is the time before the first repeat; it doubles with each further one.
	repeatInterval time.Duration
	// repeats is how many times a push is repeated while the trigger stays active.
	repeats int
}

// pushes decides when one stream says "active". It holds no clock and does no I/O: time comes in with every call.
//
//   - A trigger that becomes active, or is so when first seen, is pushed at once, but never sooner than minInterval
//     after the last push: an edge within that time waits, and is dropped when the trigger falls inactive meanwhile.
//   - The push is repeated a few times: KEDA loses an activation that arrives before the metric's name is in the
//     ScaledObject's status (pkg/scaling/scale_handler.go, startPushScalers). Repeats are few because KEDA writes the
//     ScaledObject's status for each, and its polls mend what they miss.
//   - Inactive is never pushed: KEDA ignores it.
//   - While nothing is known nothing is pushed. What was due stays due, and an active trigger that is still active
//     after the gap has no new edge.
type pushes struct {
	pace pace

	latest activity
	risen  bool // what was last known for sure; false before the first answer
	due    time.Time
	sent   time.Time
	left   int
	gap    time.Duration
}

// see records what is known at an instant.
func (p *pushes) see(at time.Time, seen activity) {
	p.latest = seen
	switch {
	case seen == inactive:
		p.risen = false
	case seen == active && !p.risen:
		p.risen = true
		p.left, p.gap = p.pace.repeats, p.pace.repeatInterval
		p.due = at
		if soonest := p.sent.Add(p.pace.minInterval); soonest.After(at) {
			p.due = soonest
		}
	}
}

// next tells whether to push now, and counts the push as done when so. Otherwise again is when to ask anew; zero means
// not before something else is seen.
func (p *pushes) next(at time.Time) (push bool, again time.Time) {
	if p.latest != active || p.due.IsZero() {
		return false, time.Time{}
	}
	if at.Before(p.due) {
		return false, p.due
	}

	p.sent = at
	p.due = time.Time{}
	if p.left > 0 {
		p.left--
		p.due = at.Add(max(p.gap, p.pace.minInterval))
		p.gap = min(2*p.gap, longestGap)
	}
	return true, p.due
}
