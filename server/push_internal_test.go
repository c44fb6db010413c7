package server

import (
	"slices"
	"testing"
	"time"
)

// Times in these tests are in tenths of a second.
const tick = 100 * time.Millisecond

type sighting struct {
	at   int
	seen activity
}

// play feeds sightings to pushes and returns the ticks of its pushes. Like the stream it looks only when something was
// seen or when pushes asked for it, so an "again" that is wrong or missing shows as a push that is late or lost.
func play(p pace, sightings []sighting, ticks int) []int {
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	decider := pushes{pace: p}
	var pushed []int
	var alarm time.Time
	for now := range ticks {
		at := start.Add(time.Duration(now) * tick)
		woken := !alarm.IsZero() && !at.Before(alarm)
		for len(sightings) > 0 && sightings[0].at == now {
			decider.see(at, sightings[0].seen)
			sightings, woken = sightings[1:], true
		}
		for woken {
			woken, alarm = decider.next(at)
			if woken {
				pushed = append(pushed, now)
			}
		}
	}
	return pushed
}

func TestPushes(t *testing.T) {
	usual := pace{minInterval: time.Second, repeatInterval: 5 * time.Second, repeats: 2}
	once := pace{minInterval: time.Second}

	for _, test := range []struct {
		name      string
		pace      pace
		sightings []sighting
		want      []int
	}{
		{"nothing seen", usual, nil, nil},
		{"inactive says nothing", usual, []sighting{{0, inactive}, {70, inactive}}, nil},
		{"unknown says nothing", usual, []sighting{{0, unknown}}, nil},
		{"active on opening, then two repeats", usual, []sighting{{0, active}}, []int{0, 50, 150}},
		{"rising edge", usual, []sighting{{0, inactive}, {7, active}}, []int{7, 57, 157}},
		{"seeing active again is no edge", once, []sighting{{0, active}, {20, active}, {40, active}}, []int{0}},
		{"falling ends the repeats", usual, []sighting{{0, active}, {60, inactive}}, []int{0, 50}},
		{"a new edge begins new repeats", usual, []sighting{{0, active}, {60, inactive}, {70, active}}, []int{0, 50, 70, 120, 220}},
		{"an early edge waits", once, []sighting{{0, active}, {2, inactive}, {4, active}}, []int{0, 10}},
		{"an early edge that falls again is dropped", once, []sighting{{0, active}, {2, inactive}, {4, active}, {6, inactive}}, []int{0}},
		{"an edge at the interval's end does not wait", once, []sighting{{0, active}, {2, inactive}, {10, active}}, []int{0, 10}},
		{"fall and rise at once is an edge", once, []sighting{{0, active}, {20, inactive}, {20, active}}, []int{0, 20}},
		{"active again after a gap is no edge", once, []sighting{{0, active}, {20, unknown}, {40, active}}, []int{0}},
		{"active after inactive and a gap is an edge", once, []sighting{{0, inactive}, {20, unknown}, {40, active}}, []int{40}},
		{"active after a gap on opening is an edge", once, []sighting{{0, unknown}, {20, active}}, []int{20}},
		{"a repeat waits for the gap's end", usual, []sighting{{0, active}, {40, unknown}, {80, active}}, []int{0, 80, 180}},
		{"a waiting edge waits for the gap's end", once, []sighting{{0, active}, {2, inactive}, {4, active}, {6, unknown}, {30, active}}, []int{0, 30}},
		{"a repeat is never sooner than the interval", pace{minInterval: 2 * time.Second, repeatInterval: tick, repeats: 1}, []sighting{{0, active}}, []int{0, 20}},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := play(test.pace, test.sightings, 1000); !slices.Equal(got, test.want) {
				t.Errorf("pushed at %v, want %v", got, test.want)
			}
		})
	}
}

func TestRepeatsStopGrowingApart(t *testing.T) {
	decider := pushes{pace: pace{repeatInterval: time.Hour, repeats: 1000}}
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	decider.see(at, active)
	for range 1000 {
		push, again := decider.next(at)
		if !push || !again.After(at) {
			t.Fatalf("push %v and again after %v; the gap must stay above zero", push, again.Sub(at))
		}
		at = again
	}
}
