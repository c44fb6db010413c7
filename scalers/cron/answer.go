package cron

import (
	"fmt"
	"time"

	"github.com/lagwise/lagwise/scalers"
)

// answer is what the windows say at one instant, and when to ask again; revisit is false when nothing will ever change.
type answer struct {
	scalers.Evaluation
	revisitAt time.Time
	revisit   bool
}

// at answers for an instant: the most replicas that any open window wants, and none on an excluded day.
func (s settings) at(now time.Time) answer {
	a := answer{Evaluation: scalers.Evaluation{ObservedAt: now}}
	if on, tomorrow := s.excludes(now); !tomorrow.IsZero() {
		a.revisitAt, a.revisit = tomorrow, true
		if on {
			a.reason(keyExclude, "this day is excluded: every window is shut until "+s.clock(tomorrow))
			return a
		}
	}
	for _, w := range s.windows {
		open, next, changes := w.At(now)
		if changes && (!a.revisit || next.Before(a.revisitAt)) {
			a.revisitAt, a.revisit = next, true
		}
		if open {
			a.Active, a.Value = true, max(a.Value, float64(w.replicas))
			a.reason("", fmt.Sprintf("%s is open: %d replicas", w, w.replicas))
		}
	}
	if !a.Active {
		a.reason("", "no window is open")
	}
	if a.revisit {
		a.reason("", "asked again at "+s.clock(a.revisitAt))
	}
	return a
}

// excludes says whether this day is excluded, and when the next one begins; tomorrow is zero where no day ever is.
func (s settings) excludes(now time.Time) (excluded bool, tomorrow time.Time) {
	if s.excluded.Empty() {
		return false, time.Time{}
	}
	return s.excluded.At(now, s.location)
}

func (a *answer) reason(key, text string) {
	a.Reasons = append(a.Reasons, scalers.Reason{Rule: "window", Key: key, Text: text})
}

func (s settings) clock(at time.Time) string {
	return at.In(s.location).Format("2006-01-02 15:04:05 MST")
}
