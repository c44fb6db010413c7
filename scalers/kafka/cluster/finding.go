package cluster

import (
	"time"

	"github.com/lagwise/lagwise/scalers/lag"
)

const (
	// A partition is read until so many records, or so many bytes of them, were found: whoever has more to do than that needs
	// no exact number.
	mostRecords = 500
	mostBytes   = 256 << 10
	// findingLife is for how long what was found is believed: compaction and retention go on.
	findingLife = 10 * time.Minute
	// findingRest is for how long it is kept when nobody asks.
	findingRest = 30 * time.Second
	// A partition that could not be read is tried again after firstPause, and after twice as long each time until lastPause.
	firstPause = time.Second
	lastPause  = time.Minute
)

// probe says where to read: a partition, from an offset on. What is found there is the same for all groups.
type probe struct {
	at   partition
	from int64
}

// goal is how far to read: up to an offset, or until so many records were found.
type goal struct {
	end     int64
	records int64
}

func (g goal) and(other goal) goal { return goal{max(g.end, other.end), max(g.records, other.records)} }

// message is where a record lies, when it was made, and how large it is.
type message struct {
	offset    int64
	timestamp time.Time
	// stamped says that there is a timestamp.
	stamped bool
	bytes   int64
}

// finding is what a probe has found so far.
type finding struct {
	// through is the first offset that was not looked at.
	through int64
	count   int64
	bytes   int64
	first   message
	// began is when the probe first read, at when it last did.
	began, at time.Time
	// err is why it could not go on, for the time being; failures is how often in a row.
	err      error
	failures int
}

// reached says whether enough is known for the goal.
func (f finding) reached(g goal) bool {
	return f.through >= g.end || f.count >= g.records || f.bytes >= mostBytes
}

// see takes the next record. One at or behind the goal's end shows that nothing else lies before it.
func (f finding) see(r message, g goal) finding {
	if r.offset >= g.end {
		f.through = max(f.through, g.end)
		return f
	}
	if f.count == 0 {
		f.first = r
	}
	f.count++
	f.bytes += r.bytes
	f.through = r.offset + 1
	return f
}

// pause is how long to leave a failed probe alone.
func (f finding) pause() time.Duration {
	return min(firstPause<<min(f.failures-1, 10), lastPause)
}

// stale says that what was found is no longer to be believed: it is old, or the log, which was looked at later, is shorter.
func (f finding) stale(g goal, observed, now time.Time) bool {
	return now.Sub(f.began) > findingLife || g.end < f.through && observed.After(f.at)
}

// facts tells what was found of the offsets below end.
func (f finding) facts(from, end int64) *lag.Records {
	known := &lag.Records{From: from, Through: max(from, min(f.through, end))}
	if f.count > 0 && f.first.offset < end {
		known.Count = min(f.count, known.Through-from)
		known.Offset, known.Timestamp, known.HasTimestamp = f.first.offset, f.first.timestamp, f.first.stamped
	}
	return known
}
