package main

import (
	"fmt"
	"time"
)

// maxAgeMonths is how long after its release a version of a C library may be part of lagwise. SECURITY.md names it.
const maxAgeMonths = 12

// checkAges returns an error for each library that was released more than maxAgeMonths ago, unless it is kept for a reason until a later day.
func checkAges(bundled []library, now time.Time) (problems []error) {
	for _, l := range bundled {
		if l.released == "" {
			continue
		}
		released, err := time.Parse(time.DateOnly, l.released)
		if err != nil {
			problems = append(problems, fmt.Errorf("%s: invalid day of release: %w", l.Name, err))
			continue
		}
		if now.Before(released.AddDate(0, maxAgeMonths, 0)) {
			continue
		}
		if l.kept == "" {
			problems = append(problems, fmt.Errorf("%s %s: released on %s, more than %d months ago", l.Name, l.Version, l.released, maxAgeMonths))
			continue
		}
		until, err := time.Parse(time.DateOnly, l.until)
		if err != nil {
			problems = append(problems, fmt.Errorf("%s: invalid day until which it is kept: %w", l.Name, err))
			continue
		}
		if !now.Before(until) {
			problems = append(problems, fmt.Errorf("%s %s: released on %s, and kept until %s only (%s)", l.Name, l.Version, l.released, l.until, l.kept))
		}
	}
	return problems
}
