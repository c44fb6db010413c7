package lag

import "time"

// Records is what a partition holds from the group's position on, as far as it was read.
type Records struct {
	// From is the group's position: its committed offset, or the log start where that is later or nothing is committed.
	From int64
	// Through is where reading stopped: every offset from From up to it was looked at. It is not above the partition's End.
	Through int64
	// Count is how many of these offsets hold a record that a consumer gets. The others were compacted or deleted, or hold
	// the end of a transaction, or, for read_committed, what was aborted.
	Count int64
	// Offset is the first such record's; valid when Count is above zero.
	Offset int64
	// Timestamp is what that record's producer, or its broker, wrote into it. Valid when HasTimestamp.
	Timestamp    time.Time
	HasTimestamp bool
	// Unread says why nothing more could be read; empty where enough was.
	Unread string
}

// records are what was read of the partition; nil when nothing was.
func (p Partition) records() *Records {
	if p.Facts == nil {
		return nil
	}
	return p.Facts.Records
}

// waiting is how many records wait behind the commit; what was not read counts by offsets.
func (p Partition) waiting() int64 {
	if r := p.records(); r != nil {
		return add(sub(p.End, r.Through), r.Count)
	}
	return sub(p.End, p.Committed)
}

// Position is where the group goes on reading. Without a commit that is the log start where the needs ask for it then, because
// the reset policy is earliest, and not known otherwise. The log start is also the position of a commit past the log end where
// the needs ask for it.
func (p Partition) Position(needs Needs) (offset int64, known bool) {
	switch {
	case needs.LogStartPastEnd && p.PastEnd() > 0:
		return p.Start, p.HasStart
	case p.HasCommitted && p.HasStart:
		return max(p.Committed, p.Start), true
	case p.HasCommitted:
		return p.Committed, true
	default:
		return p.Start, needs.LogStartWithoutCommit && p.HasStart
	}
}
