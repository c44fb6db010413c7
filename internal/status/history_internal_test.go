package status

import (
	"math/rand/v2"
	"testing"
	"time"
	"unsafe"

	"github.com/lagwise/lagwise/scalers"
)

func standingOf(serial uint64, value float64, pushes uint64) scalers.Standing {
	return scalers.Standing{
		Serial: serial, Known: true, Pushes: pushes,
		Latest: scalers.Evaluation{Value: value, Left: 2 * value, HasLeft: true, Active: value > 0},
	}
}

// What is told of a trigger is what a plain list of its last ticks would tell, however it changes.
func TestHistoryIsThatOfTheLastHalfHour(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	h := newHistory()
	began := time.Unix(1_800_000_000, 0)
	type plainSample struct {
		value  float64
		known  bool
		pushes uint64
	}
	var plain []plainSample
	value, pushes := 0.0, uint64(0)
	for i := range 70_000 { // more than the ticks' number can count
		var more uint64
		if still := i/500%3 == 0; !still && random.IntN(4) == 0 {
			value, more = float64(random.IntN(3)), uint64(random.IntN(2))
		}
		pushes += more
		now := standingOf(1, value, pushes)
		now.Known = i%1000 < 900
		h.take(began.Add(time.Duration(i)*tick), []scalers.Standing{now})
		plain = append(plain, plainSample{value, now.Known, more})
		if i%97 != 0 {
			continue
		}
		samples, _ := h.of(1)
		if want := min(i+1, ticks+1); len(samples) != want {
			t.Fatalf("tick %d: %d samples, want %d", i, len(samples), want)
		}
		for j, got := range samples {
			want := plain[i+1-len(samples)+j]
			oldest := j == 0 && len(samples) > ticks // what led to it is forgotten
			if got.is(known) != want.known || want.known && float64(got.value) != want.value || !oldest && uint64(got.pushes) != want.pushes {
				t.Fatalf("tick %d, sample %d: %+v, want %+v", i, j, got, want)
			}
			if at := began.Add(time.Duration(i+1-len(samples)+j) * tick); !got.time.Equal(at) {
				t.Fatalf("tick %d, sample %d is of %v, want %v", i, j, got.time, at)
			}
		}
	}
}

// size is what the points of all triggers take, in bytes.
func (h *history) size() (bytes int) {
	for _, t := range h.tracks {
		bytes += cap(t.points) * int(unsafe.Sizeof(point{}))
	}
	return bytes
}

// A pod with 1,000 triggers has a few MiB to spare.
func TestHistoryOfAThousandTriggersIsSmall(t *testing.T) {
	t.Parallel()
	busy, idle := newHistory(), newHistory()
	for i := range 500 {
		var restless, resting []scalers.Standing
		for serial := range uint64(1000) {
			restless = append(restless, standingOf(serial, float64(i), uint64(i)))
			resting = append(resting, standingOf(serial, 1, 0))
		}
		busy.take(time.Unix(int64(i), 0), restless)
		idle.take(time.Unix(int64(i), 0), resting)
	}
	if got := busy.size(); got > 2_600_000 {
		t.Errorf("1,000 triggers that change all the time take %d bytes", got)
	}
	if got := idle.size(); got > 50_000 {
		t.Errorf("1,000 triggers that stand still take %d bytes", got)
	}
	t.Logf("%d bytes when all change at every tick, %d when none does", busy.size(), idle.size())
	for i := range ticks + 2 { // and gives back what it had
		var resting []scalers.Standing
		for serial := range uint64(1000) {
			resting = append(resting, standingOf(serial, 1, 499))
		}
		busy.take(time.Unix(int64(500+i), 0), resting)
	}
	if got := busy.size(); got > 100_000 {
		t.Errorf("1,000 triggers that stand still again take %d bytes", got)
	}
}

func TestHistoryHasAnEnd(t *testing.T) {
	t.Parallel()
	h := newHistory()
	var standings []scalers.Standing
	for serial := range uint64(mostTracks + 500) {
		standings = append(standings, standingOf(serial, 1, 0))
	}
	h.take(time.Unix(1, 0), standings)
	if len(h.tracks) != mostTracks {
		t.Errorf("%d triggers are recorded", len(h.tracks))
	}
	h.take(time.Unix(2, 0), standings[mostTracks:]) // their places are free with the next tick
	h.take(time.Unix(3, 0), standings[mostTracks:])
	if len(h.tracks) != 500 {
		t.Errorf("%d triggers are recorded, 500 are alive", len(h.tracks))
	}
}

func TestMinutesSayWhatTheChartShows(t *testing.T) {
	t.Parallel()
	h := newHistory()
	at := time.Unix(1_800_000_000, 0).Truncate(time.Minute)
	for i, value := range []float64{5, 0, 3, 0, 0, 0, 0, 9} {
		s := standingOf(1, value, uint64(i/3))
		s.Known = i != 7
		h.take(at.Add(time.Duration(i)*tick), []scalers.Standing{s})
	}
	samples, _ := h.of(1)
	got := minutesOf(samples)
	if len(got) != 2 || !got[0].At.Equal(at.Add(time.Minute)) {
		t.Fatalf("got %+v", got)
	}
	if got[0].State != "inactive" || *got[0].Value != 0 || got[0].Pushes != 1 {
		t.Errorf("the latest: %+v", got[0])
	}
	if got[1].State != "active" || *got[1].Value != 0 || *got[1].Lag != 10 || got[1].Pushes != 1 {
		t.Errorf("the one before: %+v", got[1])
	}
}
