package status

import (
	"sync"
	"time"

	"github.com/lagwise/lagwise/scalers"
)

// What is kept of each trigger. A trigger that changes all the time takes 12 bytes for each tick, 2.3 KiB in all; one that stands
// still takes 48 bytes. The tests hold it to that.
const (
	tick = 10 * time.Second
	// ticks are half an hour.
	ticks = 180
	// mostTracks is how many triggers are recorded, those that are alive for longest: 5 MiB at the very most.
	mostTracks = 2000
)

// point is what was new about a trigger at a tick; it holds until the next point.
type point struct {
	// at is the running number of the tick. It wraps: no point is older than ticks.
	at    uint16
	marks mark
	// pushes were sent in the tick that led here, 255 for more.
	pushes     uint8
	value, lag float32
}

type mark uint8

const (
	known mark = 1 << iota
	active
	hasLag
)

func (p point) is(m mark) bool { return p.marks&m != 0 }

// alike says whether nothing is to be seen of the difference between two points, but their time.
func (p point) alike(q point) bool {
	return p.marks == q.marks && p.value == q.value && p.lag == q.lag
}

// track is the last half hour of one trigger, the oldest point first.
type track struct {
	points []point
	// pushes that were counted so far, and the tick at which the trigger was last seen.
	pushes uint64
	seen   uint16
}

// history is the last half hour of all triggers, by their serials.
type history struct {
	mu     sync.Mutex
	at     uint16
	time   time.Time // of the tick
	tracks map[uint64]*track
}

func newHistory() *history { return &history{tracks: map[uint64]*track{}} }

// take adds a tick. Triggers that are gone are forgotten.
func (h *history) take(now time.Time, standings []scalers.Standing) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.at++
	h.time = now
	for i := range standings {
		standing := &standings[i]
		t, found := h.tracks[standing.Serial]
		if !found {
			if len(h.tracks) >= mostTracks {
				continue
			}
			t = &track{}
			h.tracks[standing.Serial] = t
		}
		t.add(h.at, standing)
	}
	for serial, t := range h.tracks {
		if t.seen != h.at {
			delete(h.tracks, serial)
		}
	}
}

func (t *track) add(at uint16, standing *scalers.Standing) {
	now := pointOf(at, standing, standing.Pushes-t.pushes)
	t.pushes, t.seen = standing.Pushes, at
	t.forget(at)
	if last := len(t.points) - 1; last >= 0 && now.pushes == 0 && now.alike(t.points[last]) {
		return
	}
	if len(t.points) == cap(t.points) {
		t.resize(max(4, min(2*cap(t.points), cap(t.points)+32)))
	}
	t.points = append(t.points, now)
}

func pointOf(at uint16, standing *scalers.Standing, pushes uint64) point {
	now := point{at: at, pushes: uint8(min(pushes, 255))}
	if !standing.Known {
		return now
	}
	now.marks |= known
	now.value = float32(standing.Latest.Value)
	if standing.Latest.Active {
		now.marks |= active
	}
	if standing.Latest.HasLeft {
		now.marks |= hasLag
		now.lag = float32(standing.Latest.Left)
	}
	return now
}

// forget drops points that no tick of the last half hour needs.
func (t *track) forget(at uint16) {
	drop := 0
	for drop+1 < len(t.points) && at-t.points[drop+1].at >= ticks {
		drop++
	}
	t.points = append(t.points[:0], t.points[drop:]...)
	if len(t.points) > 0 && at-t.points[0].at > ticks {
		t.points[0].at, t.points[0].pushes = at-ticks, 0
	}
	if cap(t.points) > 16 && len(t.points) < cap(t.points)/4 {
		t.resize(max(4, 2*len(t.points)))
	}
}

func (t *track) resize(room int) {
	t.points = append(make([]point, 0, room), t.points...)
}

// sample is how a trigger stood at a tick.
type sample struct {
	point

	time time.Time
}

// of gives a trigger's samples, one for each tick since it was first seen, and the number of the latest tick.
func (h *history) of(serial uint64) (samples []sample, latest uint16) {
	h.mu.Lock()
	defer h.mu.Unlock()
	t, found := h.tracks[serial]
	if !found || len(t.points) == 0 {
		return nil, h.at
	}
	next := 0
	var holds point
	for at := t.points[0].at; ; at++ {
		holds.pushes = 0
		if next < len(t.points) && t.points[next].at == at {
			holds = t.points[next]
			next++
		}
		samples = append(samples, sample{holds, h.time.Add(-time.Duration(h.at-at) * tick)})
		if at == h.at {
			return samples, h.at
		}
	}
}
