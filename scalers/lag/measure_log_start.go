package lag

import "fmt"

// ClampToLogStart counts a committed offset below the log start as the log start (key clampToLogStart): the records in
// between were deleted, and no consumer can read them. KEDA counts them for ever, and scales for work that is not there.
// A commit at the log start, or a partition whose start is not known, stays as it was counted; a start past the log end
// read before counts 0.
func ClampToLogStart() Measure {
	return Measure{
		Step: Step{Name: "log-start", Key: "clampToLogStart", Needs: Needs{LogStart: true}},
		Do:   clampToLogStart,
	}
}

func clampToLogStart(_ View, counts []Count) Note {
	var partitions, deleted int64
	for i := range counts {
		c := &counts[i]
		p := c.Partition
		if !p.belowStart() {
			continue
		}
		kept := p.kept()
		partitions++
		deleted = add(deleted, sub(c.Lag, kept))
		c.Lag = kept
		c.Persistent = kept
		c.Rule = "log-start"
	}
	if partitions == 0 {
		return Note{}
	}
	return Note{Text: fmt.Sprintf("%s committed below the log start: lag %d of deleted records left out",
		several(partitions, "partition"), deleted)}
}

// belowStart says that records were deleted before the group read them.
func (p Partition) belowStart() bool { return p.HasCommitted && p.HasStart && p.Committed < p.Start }

// kept is how many records the log still keeps. It expects the start to be known.
func (p Partition) kept() int64 { return max(0, sub(p.End, p.Start)) }
