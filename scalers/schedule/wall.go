package schedule

import "time"

// A wall time is what a clock on the wall shows, kept as a time.Time in UTC: it has no zone, and its minutes follow each
// other without a gap. Each wall time belongs to one instant: the first one at which a clock shows it, or, when the clock
// skips it, the instant of the skip. So a window that ends at 02:30 ends in every night, once.

// wallOf is what a clock in the location shows.
func wallOf(instant time.Time, location *time.Location) time.Time {
	t := instant.In(location)
	return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), time.UTC)
}

// instantOf is when a clock in the location shows the wall time.
func instantOf(wall time.Time, location *time.Location) time.Time {
	guess := time.Date(wall.Year(), wall.Month(), wall.Day(), wall.Hour(), wall.Minute(), wall.Second(), wall.Nanosecond(), location)
	began, ends := guess.ZoneBounds()
	shown := wallOf(guess, location)
	switch {
	case shown.After(wall): // skipped, and guessed by the offset from before the skip
		return began
	case shown.Before(wall): // skipped, and guessed by the offset from after it
		return ends
	case began.IsZero():
		return guess
	}
	// A clock that was set back shows some times twice.
	_, offset := began.Add(-1).Zone()
	if earlier := wall.Add(-time.Duration(offset) * time.Second); earlier.Before(began) {
		return earlier.In(location)
	}
	return guess
}
