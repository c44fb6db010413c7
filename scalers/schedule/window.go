package schedule

import (
	"fmt"
	"time"
)

// Pairing says which end belongs to which start.
type Pairing int

const (
	// ByNextEvent is KEDA's: a window is open when its end comes sooner than its start
	// (KEDA: pkg/scalers/cron_scaler.go, GetMetricsAndActivity). A window from Monday to Friday with an end on every day
	// is open all Saturday, because the next end comes before Monday's start.
	ByNextEvent Pairing = iota
	// ByNextEnd opens at a start and closes at the first end after it.
	ByNextEnd
)

// Window is a recurring stretch of time.
type Window struct {
	start, end expression
	location   *time.Location
	pairing    Pairing
}

// NewWindow reads a window's expressions. What is wrong with one of them is an *Error.
func NewWindow(start, end string, location *time.Location, pairing Pairing) (Window, error) {
	w := Window{location: location, pairing: pairing}
	var err error
	if w.start, err = parse(start); err != nil {
		return Window{}, &Error{Start, start, err}
	}
	if w.end, err = parse(end); err != nil {
		return Window{}, &Error{End, end, err}
	}
	if start == end {
		return Window{}, fmt.Errorf("start and end are both %q: a window needs two times", start)
	}
	if pairing == ByNextEnd {
		return w, w.checkWords()
	}
	return w, nil
}

// checkWords refuses what KEDA's pairing gives some meaning, and the words do not.
func (w Window) checkWords() error {
	if err := w.start.checkWords(); err != nil {
		return &Error{Start, w.start.text, err}
	}
	if err := w.end.checkWords(); err != nil {
		return &Error{End, w.end.text, err}
	}
	return nil
}

// String is the window's expressions.
func (w Window) String() string { return w.start.text + " to " + w.end.text }

// At says whether the window is open at an instant, and when that changes at the soonest; changes is false when it never
// does.
func (w Window) At(now time.Time) (open bool, next time.Time, changes bool) {
	if w.pairing == ByNextEnd {
		return w.byNextEnd(now)
	}
	local := now.In(w.location)
	nextStart, nextEnd := w.start.Next(local), w.end.Next(local)
	open = byNextEvent(local, nextStart, nextEnd)
	for _, at := range []time.Time{nextStart, nextEnd} {
		if !at.IsZero() && (!changes || at.Before(next)) {
			next, changes = at, true
		}
	}
	return open, next, changes
}

// byNextEvent is KEDA's rule to the letter. An event that never comes has the zero time, which lies before now: without a
// start the window is open, with only an end missing it is closed.
func byNextEvent(now, nextStart, nextEnd time.Time) (open bool) {
	if nextStart.Before(nextEnd) {
		return now.After(nextStart) && now.Before(nextEnd)
	}
	return now.After(nextStart) || now.Before(nextEnd)
}

// byNextEnd works on wall times, in which no hour is skipped or repeated.
func (w Window) byNextEnd(now time.Time) (open bool, next time.Time, changes bool) {
	latest, found := w.latestStart(now)
	if found {
		if end := instantOf(w.end.Next(latest), w.location); end.After(now) {
			return true, end, true
		}
	}
	after := wallOf(now, w.location)
	if found {
		after = latest
	}
	if start := w.start.Next(after); !start.IsZero() {
		return false, instantOf(start, w.location), true
	}
	return false, time.Time{}, false
}

// longestPast is how far back a start is looked for. A leap day may be eight years away.
const longestPast = 9 * 366 * 24 * time.Hour

// latestStart is the wall time of the last start that has come: between a start and now a clock may have been set back,
// so starts are followed until one belongs to a later instant. It looks back in steps that grow, so that a start in each
// minute and one in each leap year are both found soon.
func (w Window) latestStart(now time.Time) (latest time.Time, found bool) {
	wall := wallOf(now, w.location)
	for past := time.Hour; !found && past < 4*longestPast; past *= 4 {
		for start := w.start.Next(wall.Add(-past)); !start.IsZero(); start = w.start.Next(start) {
			if instantOf(start, w.location).After(now) {
				break
			}
			latest, found = start, true
		}
	}
	return latest, found
}
