package cluster

import "time"

// health is what a session knows about its cluster as a whole.
type health struct {
	// fault is why no broker answers; nil while any does, and before the first attempt.
	fault *Fault
	// since is when that began.
	since time.Time
}

// note keeps how the latest attempt to reach any broker ended, and reports whether that is a change.
func (h *health) note(fault *Fault, now time.Time) (changed bool) {
	changed = (h.fault == nil) != (fault == nil)
	if changed {
		h.since = now
	}
	h.fault = fault
	return changed
}
