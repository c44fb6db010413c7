package audit

import (
	"slices"
	"time"
)

// Watched is what came of comparing a trigger again and again.
type Watched struct {
	// Rounds counts the comparisons, and how they came out.
	Rounds  int `json:"rounds"`
	Same    int `json:"same"`
	Moved   int `json:"movedMeanwhile"`
	Differs int `json:"differs"`
	Unknown int `json:"notKnown"`
	// Latest is the latest comparison, and the answers behind it.
	Latest  Comparison `json:"latest"`
	KEDA    Answer     `json:"keda"`
	Lagwise Answer     `json:"lagwise"`
	// Differences are the stretches in which the two differed, the first mostDifferences of them; More counts the rest.
	Differences []Difference `json:"differences,omitempty"`
	More        int          `json:"moreDifferences,omitempty"`

	value, activity stretch
	activitySince   time.Time
}

// Difference is a stretch of time in which the two did not agree.
type Difference struct {
	// What is value or activity.
	What  string    `json:"what"`
	From  time.Time `json:"from"`
	Until time.Time `json:"until"`
	// Rounds is how many comparisons in a row came out so. KEDA and Lagwise are the answers where they were furthest apart, By that far.
	Rounds  int     `json:"rounds"`
	By      float64 `json:"by"`
	KEDA    Answer  `json:"keda"`
	Lagwise Answer  `json:"lagwise"`
}

// What a Difference is about.
const (
	differentValue    = "value"
	differentActivity = "activity"
)

// mostDifferences bounds what is kept of one trigger over a day.
const mostDifferences = 100

// Add tells of one more comparison. KEDA polls its triggers every so often, so an activity that differs counts once it has done so
// for longer than patience. begun says that a stretch of differences has just begun.
func (w Watched) Add(at time.Time, s Sample, c Comparison, patience time.Duration) (next Watched, begun bool) {
	w.Differences = slices.Clone(w.Differences)
	w.Rounds++
	w.Latest, w.KEDA, w.Lagwise = c, s.KEDA, s.After
	switch c.Verdict {
	case Same:
		w.Same++
	case Moved:
		w.Moved++
	case Differs:
		w.Differs++
	case Unknown:
		w.Unknown++
	}
	apart := Difference{What: differentValue, From: at, Until: at, Rounds: 1, By: c.By, KEDA: s.KEDA, Lagwise: s.After}
	begun = w.follow(&w.value, c.Verdict == Differs, apart)
	if !c.ActivityDiffers {
		w.activitySince = time.Time{}
	} else if w.activitySince.IsZero() {
		w.activitySince = at
	}
	lasts := c.ActivityDiffers && at.Sub(w.activitySince) > patience
	apart.What, apart.From, apart.By = differentActivity, w.activitySince, 0
	return w, w.follow(&w.activity, lasts, apart) || begun
}

// stretch is where the difference of one kind stands that goes on; kept is false where there was no room for it.
type stretch struct {
	on, kept bool
	index    int
}

// follow begins, prolongs or ends the difference of one kind.
func (w *Watched) follow(s *stretch, differs bool, d Difference) (begun bool) {
	was := *s
	s.on = differs
	switch {
	case !differs:
	case was.on && was.kept:
		w.Differences[s.index].prolong(d)
	case was.on:
	case len(w.Differences) == mostDifferences:
		s.kept = false
		w.More++
		return true
	default:
		s.kept, s.index = true, len(w.Differences)
		w.Differences = append(w.Differences, d)
		return true
	}
	return false
}

func (d *Difference) prolong(by Difference) {
	d.Until = by.Until
	d.Rounds++
	if by.By > d.By {
		d.By, d.KEDA, d.Lagwise = by.By, by.KEDA, by.Lagwise
	}
}

// EverDiffered says whether there was a stretch.
func (w Watched) EverDiffered() bool { return len(w.Differences) > 0 }
