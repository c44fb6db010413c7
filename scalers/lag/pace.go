package lag

import (
	"slices"
	"strings"
	"time"
)

const (
	// shortestRun is how long a consumer must be seen at work before it shows a pace: commits come in batches.
	shortestRun = time.Minute
	// runTurnover is how often a run lets go of its beginning, so that it spans once to twice as long and follows what changes.
	runTurnover = 2 * time.Minute
)

// Pace is what one consumer gets done while it has enough to do, as its commits show.
type Pace struct {
	// Each is the mean over the consumers that were seen at work last. Valid when Known.
	Each  Rate
	Known bool
	runs  []run
}

// run is one consumer at work, between commits that were seen to move.
type run struct {
	member string
	// done is the records since the run began, step the most that one look showed.
	done, step int64
	// first, middle and last are looks at which the commits had just moved.
	first, middle, last mark
}

type mark struct {
	at   time.Time
	done int64
}

// after is the pace with what one more observation shows. A consumer is at work while it keeps its partitions and, whenever it is
// seen, still has more to read than one look ever showed it to have done: one with less reads as fast as records come, which is
// slower than it can. What is known stays until something else is.
func (p Pace) after(before, now Observation) Pace {
	next := Pace{Each: p.Each, Known: p.Known}
	if before.Group == nil {
		return next
	}
	earlier := before.Group.Members
	for _, m := range now.Group.Members {
		for len(earlier) > 0 && earlier[0].ID < m.ID {
			earlier = earlier[1:]
		}
		if len(earlier) == 0 || earlier[0].ID != m.ID {
			continue
		}
		done, left, same := work(before.Partitions, earlier[0].Reads, now.Partitions, m.Reads)
		r := p.runOf(m.ID)
		if !same || r.jumps(now.At, done) {
			continue
		}
		if r = r.looked(now.At, done); left > r.step {
			next.runs = append(next.runs, r)
		}
	}
	next.measure()
	return next
}

// work is what a consumer has done between two looks, and what is left; same is false where its partitions or commits are not
// the same, or were set back.
func work(before []Partition, read []int, now []Partition, reads []int) (done, left int64, same bool) {
	if len(read) != len(reads) {
		return 0, 0, false
	}
	for i := range reads {
		a, b := before[read[i]], now[reads[i]]
		if order(a, b) != 0 || a.HasCommitted != b.HasCommitted || b.HasCommitted && b.Committed < a.Committed {
			return 0, 0, false
		}
		if b.HasCommitted {
			done, left = add(done, sub(b.Committed, a.Committed)), add(left, max(0, sub(b.End, b.Committed)))
		}
	}
	return done, left, true
}

func (p Pace) runOf(member string) run {
	i, found := slices.BinarySearchFunc(p.runs, member, func(r run, id string) int { return strings.Compare(r.member, id) })
	if !found {
		return run{member: member}
	}
	return p.runs[i]
}

// jumps says whether commits went further than any work did before: somebody has set them.
func (r run) jumps(at time.Time, done int64) bool {
	took := r.last.at.Sub(r.first.at)
	if took == 0 {
		return false // nothing to compare with yet
	}
	usual := add(r.step, scale(sub(r.last.done, r.first.done), int64(at.Sub(r.last.at)), int64(took)))
	return done > times(2, usual)
}

// looked goes from commit to commit: what was done before the first that moved has taken an unknown time.
func (r run) looked(at time.Time, done int64) run {
	if done == 0 {
		return r
	}
	r.done, r.step = add(r.done, done), max(r.step, done)
	r.last = mark{at, r.done}
	switch {
	case r.first.at.IsZero():
		r.first, r.middle = r.last, r.last
	case at.Sub(r.middle.at) >= runTurnover:
		r.first, r.middle = r.middle, r.last
	}
	return r
}

// measure leaves what is known when no run is long enough.
func (p *Pace) measure() {
	var records, milliseconds int64
	for _, r := range p.runs {
		if took := r.last.at.Sub(r.first.at); took >= shortestRun {
			records = add(records, sub(r.last.done, r.first.done))
			milliseconds = add(milliseconds, took.Milliseconds())
		}
	}
	if milliseconds > 0 {
		p.Each, p.Known = max(1, Rate(scale(records, 1_000_000, milliseconds))), true
	}
}
