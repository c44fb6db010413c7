package pace_test

import (
	"testing"
	"time"

	"github.com/lagwise/lagwise/scalers/pace"
)

func TestASourceIsLeftAloneAsLongAsItWasKeptBusy(t *testing.T) {
	t.Parallel()
	cycle := pace.Cycle{Interval: 5 * time.Second, Age: 15 * time.Second}
	for took, want := range map[time.Duration]time.Duration{
		0:               5 * time.Second,
		2 * time.Second: 3 * time.Second,
		4 * time.Second: 4 * time.Second,
		time.Minute:     time.Minute,
	} {
		if pause := cycle.Pause(took); pause != want {
			t.Errorf("after a turn of %s: %s, want %s", took, pause, want)
		}
	}
}

func TestAnObservationMayBeThreeTurnsOld(t *testing.T) {
	t.Parallel()
	cycle := pace.Cycle{Interval: 5 * time.Second, Age: 15 * time.Second}
	for _, turn := range []struct{ whole, want time.Duration }{
		{0, 15 * time.Second},
		{5 * time.Second, 15 * time.Second},
		{20 * time.Second, time.Minute},
		{5 * time.Second, 15 * time.Second}, // and is forgotten with the next
	} {
		cycle.Went(turn.whole)
		if age := cycle.MaxAge(); age != turn.want {
			t.Errorf("after a turn of %s: %s, want %s", turn.whole, age, turn.want)
		}
	}
	patient := pace.Cycle{Interval: 5 * time.Second, Age: time.Hour}
	patient.Went(20 * time.Second)
	if age := patient.MaxAge(); age != time.Hour {
		t.Errorf("%s, want the hour that was asked for", age)
	}
}

func TestBackoffDoublesUpToItsLast(t *testing.T) {
	t.Parallel()
	backoff := pace.Backoff{First: time.Second, Last: 5 * time.Second}
	for failures, limit := range map[int]time.Duration{
		0: time.Second, 1: 2 * time.Second, 2: 4 * time.Second, 3: 5 * time.Second, 100: 5 * time.Second,
	} {
		shortest, longest := time.Hour, time.Duration(0)
		for range 1000 {
			pause := backoff.Pause(failures)
			shortest, longest = min(shortest, pause), max(longest, pause)
		}
		if floor := backoff.First / 5; shortest < floor || longest >= limit+floor || longest < limit*9/10 {
			t.Errorf("after %d failures: %s to %s, want a random time below %s, and %s", failures, shortest, longest, limit, floor)
		}
	}
}
