package lag

import (
	"fmt"
	"strings"
)

// Clamp counts a partition whose committed offset is not in the log from where a consumer finds records (key
// clampToLogStart). A nil Clamp counts as KEDA does.
//
// A commit below the log start counts as the log start: the records in between were deleted, and no consumer can read
// them. KEDA counts them for ever. A commit past the log end counts by offsetResetPolicy, as the consumer reads it: the
// whole log where it is earliest, and nothing where it is latest. KEDA counts below zero.
//
// A commit in the log, at its start or at its end stays as it was counted, and so does one whose log start is not known,
// unless it lies past the log end: then the end stands in, as for a partition without commit. A start past the log end
// read before counts 0.
type Clamp struct {
	// ResetEarliest is offsetResetPolicy earliest instead of latest.
	ResetEarliest bool
}

// measure expects a Clamp that is not nil.
func (c *Clamp) measure() Measure {
	return Measure{
		Step: Step{Name: "log-start", Key: "clampToLogStart", Needs: c.needs()},
		Do:   c.count,
	}
}

func (c *Clamp) needs() Needs {
	if c == nil {
		return Needs{}
	}
	return Needs{LogStart: true, LogStartPastEnd: c.ResetEarliest}
}

func (c *Clamp) count(_ View, counts []Count) Note {
	var below, deleted, waiting int64
	for i := range counts {
		count := &counts[i]
		lag, outside := c.lag(count.Partition)
		if !outside {
			continue
		}
		if count.Partition.PastEnd() > 0 {
			waiting = add(waiting, lag)
		} else {
			below++
			deleted = add(deleted, sub(count.Lag, lag))
		}
		count.Lag, count.Persistent, count.Rule = lag, lag, "log-start"
	}
	past := pastEnd(counts)
	var said []string
	if below > 0 {
		said = append(said, fmt.Sprintf("%s committed below the log start: lag %d of deleted records left out", several(below, "partition"), deleted))
	}
	if past != "" {
		said = append(said, fmt.Sprintf("%s: offsetResetPolicy %s counts %d", past, c.policy(), waiting))
	}
	return Note{Text: strings.Join(said, "; "), Warning: past != ""}
}

// lag returns what a partition counts whose commit is not in the log; outside reports whether it is such a partition.
func (c *Clamp) lag(p Partition) (lag int64, outside bool) {
	switch {
	case c == nil:
		return 0, false
	case p.PastEnd() > 0 && !c.ResetEarliest:
		return 0, true
	case p.PastEnd() > 0 && !p.HasStart:
		return p.End, true
	case p.PastEnd() > 0, p.belowStart():
		return p.kept(), true
	default:
		return 0, false
	}
}

// waiting returns how many records wait behind the commit, clamped. What was not read counts by offsets.
func (c *Clamp) waiting(p Partition) int64 {
	lag, outside := c.lag(p)
	switch {
	case !outside:
		return p.waiting()
	case p.records() != nil:
		return min(lag, p.waiting())
	default:
		return lag
	}
}

func (c *Clamp) policy() string {
	if c.ResetEarliest {
		return "earliest"
	}
	return "latest"
}

// belowStart reports whether records were deleted before the group read them.
func (p Partition) belowStart() bool { return p.HasCommitted && p.HasStart && p.Committed < p.Start }

// kept is how many records the log still keeps. It expects the start to be known.
func (p Partition) kept() int64 { return max(0, sub(p.End, p.Start)) }
