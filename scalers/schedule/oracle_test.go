package schedule_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lagwise/lagwise/scalers/schedule"
)

// days is how far back the oracle walks: expressions here come true in each week.
const days = 9

// fields is a cron expression whose meaning is plain: it comes true in the minutes that all three lists hold.
type fields struct{ minutes, hours, weekdays []int }

func randomFields(random *rand.Rand) fields {
	some := func(most, below int) []int {
		var chosen []int
		for range 1 + random.IntN(most) {
			if n := random.IntN(below); !slices.Contains(chosen, n) {
				chosen = append(chosen, n)
			}
		}
		return chosen
	}
	return fields{minutes: some(3, 60), hours: some(4, 5), weekdays: some(6, 7)}
}

func (f fields) String() string {
	list := func(numbers []int) string {
		return strings.Trim(strings.Join(strings.Fields(fmt.Sprint(numbers)), ","), "[]")
	}
	return fmt.Sprintf("%s %s * * %s", list(f.minutes), list(f.hours), list(f.weekdays))
}

func (f fields) match(wall time.Time) bool {
	return slices.Contains(f.minutes, wall.Minute()) && slices.Contains(f.hours, wall.Hour()) &&
		slices.Contains(f.weekdays, int(wall.Weekday()))
}

// oracle lives through each minute until now. What the clock on the wall has newly passed, shown or skipped, has come; what
// it shows again has come already.
func oracle(start, end fields, location *time.Location, now time.Time) (open bool) {
	var passed time.Time
	for at := now.Add(-days * 24 * time.Hour).Truncate(time.Minute); !at.After(now); at = at.Add(time.Minute) {
		t := at.In(location)
		shown := time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), 0, 0, time.UTC)
		if passed.IsZero() {
			passed = shown.Add(-time.Minute)
		}
		for passed.Before(shown) {
			passed = passed.Add(time.Minute)
			if end.match(passed) {
				open = false
			}
			if start.match(passed) {
				open = true
			}
		}
	}
	return open
}

func TestWindowsByNextEndAgreeWithAWalkThroughEachMinute(t *testing.T) {
	t.Parallel()
	places := []struct {
		zone    string
		changes []time.Time
	}{
		{"America/New_York", []time.Time{time.Date(2026, 3, 8, 7, 0, 0, 0, time.UTC), time.Date(2026, 11, 1, 6, 0, 0, 0, time.UTC)}},
		{"Australia/Lord_Howe", []time.Time{time.Date(2026, 4, 4, 15, 0, 0, 0, time.UTC), time.Date(2026, 10, 3, 15, 30, 0, 0, time.UTC)}},
		{"Asia/Seoul", []time.Time{time.Date(2026, 5, 5, 15, 0, 0, 0, time.UTC)}},
	}
	seed := rand.Uint64()
	random := rand.New(rand.NewPCG(seed, 1))
	opened := 0
	for range 60 {
		place := places[random.IntN(len(places))]
		location := zone(t, place.zone)
		start, end := randomFields(random), randomFields(random)
		w, err := schedule.NewWindow(start.String(), end.String(), location, schedule.ByNextEnd)
		if err != nil {
			continue // the same expression twice
		}
		change := place.changes[random.IntN(len(place.changes))]
		for range 3 {
			now := change.Add(time.Duration(random.Int64N(int64(8*time.Hour))) - 4*time.Hour).Truncate(time.Second)
			open, next, _ := w.At(now)
			if want := oracle(start, end, location, now); open != want {
				t.Fatalf("seed %d: %s in %s at %s: open %v", seed, w, place.zone, now.In(location), open)
			}
			if open {
				opened++
			}
			if before, _, _ := w.At(next.Add(-time.Second)); before != open {
				t.Fatalf("seed %d: %s in %s changes before %s, which it named at %s", seed, w, place.zone, next, now)
			}
		}
	}
	if opened == 0 {
		t.Error("no window was ever open")
	}
}
