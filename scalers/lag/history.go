package lag

import (
	"slices"
	"time"
)

// memory is how many earlier observations are kept for whoever looks back: enough that one of them is old enough and not much
// older.
const memory = 8

// Remember appends latest to history, thinned so that few observations reach back as far as needed. It leaves history as it is.
func Remember(history []Observation, latest Observation, needed time.Duration) []Observation {
	if needed <= 0 {
		return nil
	}
	if n := len(history); n > 0 && latest.At.Sub(history[n-1].At) < needed/memory {
		return history
	}
	// Views that were handed out share the old array.
	history = append(slices.Clip(history), latest)
	// The oldest may go once the next one is old enough to answer for it.
	for len(history) > 1 && latest.At.Sub(history[1].At) >= needed {
		history = history[1:]
	}
	return history
}
