package server

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// TestPushesHoldTheirPromises plays random sightings and checks what pushes promises, each promise by itself and from
// the sightings alone.
func TestPushesHoldTheirPromises(t *testing.T) {
	const ticks = 200
	for seed := range uint64(20_000) {
		random := rand.New(rand.NewPCG(seed, 1))
		p := pace{
			minInterval:    time.Duration(1+random.IntN(20)) * tick,
			repeatInterval: time.Duration(1+random.IntN(30)) * tick,
			repeats:        random.IntN(4),
		}
		sightings := randomSightings(random, ticks)
		pushed := play(p, sightings, ticks)
		history := lastSeen(sightings, ticks)

		if fault := faultIn(p, history, pushed); fault != "" {
			t.Fatalf("seed %d: %s\npace %+v\nsightings %v\npushed %v", seed, fault, p, sightings, pushed)
		}
	}
}

func randomSightings(random *rand.Rand, ticks int) []sighting {
	var sightings []sighting
	for at := random.IntN(10); at < ticks; at += 1 + random.IntN(1+random.IntN(40)) {
		sightings = append(sightings, sighting{at, activity(random.IntN(3))})
	}
	return sightings
}

// lastSeen is what is known at each tick.
func lastSeen(sightings []sighting, ticks int) []activity {
	history := make([]activity, ticks)
	for _, s := range sightings {
		for at := s.at; at < ticks; at++ {
			history[at] = s.seen
		}
	}
	return history
}

func faultIn(p pace, history []activity, pushed []int) string {
	apart := int(p.minInterval / tick)
	risen, sinceEdge, risenAt := false, 0, 0
	for at, seen := range history {
		push := slices.Contains(pushed, at)
		switch {
		case seen == active && !risen:
			risen, sinceEdge, risenAt = true, 0, at
		case seen == inactive:
			risen = false
		}
		if push {
			sinceEdge++
		}
		switch {
		case push && seen != active:
			return "pushed while not known to be active"
		case push && sinceEdge > 1+p.repeats:
			return "more repeats than asked for"
		case seen == active && sinceEdge == 0 && at >= risenAt+apart:
			return "an edge was lost"
		case seen == active && sinceEdge == 0 && at == risenAt && !slices.ContainsFunc(pushed, func(sent int) bool {
			return sent < at && at-sent < apart
		}):
			return "an edge waited for nothing"
		}
	}
	for i := 1; i < len(pushed); i++ {
		if pushed[i]-pushed[i-1] < apart {
			return "two pushes too close together"
		}
	}
	return ""
}
