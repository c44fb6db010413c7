package simulate

import (
	"cmp"
	"math"
	"slices"
	"time"
)

// topic is what Kafka holds.
type topic struct {
	partitions []partition
	// came, done and lost are records of all partitions together. Lost ones were committed, and never worked on.
	came, done, lost float64
}

type partition struct {
	share float64
	// end is the log end offset.
	end int64
	// taken is how far the group has got; committed is what it has told Kafka of that.
	taken     float64
	committed int64
	// landings tell which offsets came when, oldest first.
	landings []landing
}

// landing is the log end offset from a moment on.
type landing struct {
	at  time.Time
	end int64
}

// coarse is how exactly it is remembered when a record came.
const coarse = 100 * time.Millisecond

func newTopic(shares []float64) *topic {
	t := &topic{partitions: make([]partition, len(shares))}
	for i, share := range shares {
		t.partitions[i].share = share
	}
	return t
}

// land has records come until there are so many, and says whether any did. A record goes where most is missing of a partition's
// share.
func (t *topic) land(now time.Time, came float64) bool {
	t.came = math.Floor(came + 1e-6)
	left := int64(t.came)
	missing := make([]float64, len(t.partitions))
	for i := range t.partitions {
		p := &t.partitions[i]
		missing[i] = t.came*p.share - float64(p.end)
		left -= p.end
	}
	if left <= 0 {
		return false
	}
	order := make([]int, len(missing))
	for i := range order {
		order[i] = i
		whole := min(left, int64(max(0, missing[i])))
		missing[i] -= float64(whole)
		left -= whole
		t.partitions[i].land(now, whole)
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(missing[b], missing[a]) })
	for i := 0; left > 0; i++ {
		t.partitions[order[i%len(order)]].land(now, 1)
		left--
	}
	return true
}

func (p *partition) land(now time.Time, records int64) {
	if records == 0 {
		return
	}
	p.end += records
	if n := len(p.landings); n > 0 && now.Sub(p.landings[n-1].at) < coarse {
		p.landings[n-1].end = p.end
		return
	}
	p.landings = append(p.landings, landing{now, p.end})
}

// waiting is what lies there and is not taken, in records.
func (p *partition) waiting() float64 { return float64(p.end) - p.taken }

// cameAt is when an offset came; false for one that is yet to come.
func (p *partition) cameAt(offset int64) (time.Time, bool) {
	i, _ := slices.BinarySearchFunc(p.landings, offset+1, func(l landing, end int64) int { return int(l.end - end) })
	if i == len(p.landings) {
		return time.Time{}, false
	}
	return p.landings[i].at, true
}

// firstSince is the first offset that came at a moment or later, and when; false when there is none.
func (p *partition) firstSince(from time.Time) (offset int64, at time.Time, found bool) {
	i, _ := slices.BinarySearchFunc(p.landings, from, func(l landing, from time.Time) int { return l.at.Compare(from) })
	switch {
	case i == len(p.landings):
		return 0, time.Time{}, false
	case i == 0:
		return 0, p.landings[0].at, true
	default:
		return p.landings[i-1].end, p.landings[i].at, true
	}
}

// forget drops landings that nobody asks about any more: of records that are taken, and older than anybody looks back.
func (t *topic) forget(before time.Time) {
	for i := range t.partitions {
		p := &t.partitions[i]
		drop := 0
		for drop+1 < len(p.landings) && p.landings[drop+1].at.Before(before) && float64(p.landings[drop+1].end) <= min(p.taken, float64(p.committed)) {
			drop++
		}
		p.landings = p.landings[drop:]
	}
}

// stand is how things are, as far as a topic knows.
func (t *topic) stand(now time.Time) stand {
	s := stand{came: t.came, done: t.done, lost: t.lost}
	for i := range t.partitions {
		p := &t.partitions[i]
		s.lag += p.end - p.committed
		if p.waiting() < 1 {
			continue
		}
		if at, found := p.cameAt(int64(p.taken)); found {
			s.oldest = max(s.oldest, now.Sub(at))
		}
	}
	return s
}
