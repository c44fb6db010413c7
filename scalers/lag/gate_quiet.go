package lag

import (
	"fmt"
	"time"
)

// HoldUntilQuiet stays active, with the replicas at least, until a while after the last record came or the last commit moved,
// whichever was later, so that lag 0 between two records stops nobody (keys quietPeriod and holdReplicas). The replicas are an
// exact multiple of the target, or a little more where the HPA would not act on it (see atLeast), and no cap at partitions applies to
// them. Each runs so many consumers of the group.
//
// That a record came is read from Kafka by timestamp, alike on every replica of lagwise, and seen by the log's end having
// moved; that a commit moved is seen only. A process that has not observed for that long goes by what it has: it may let go
// up to quiet sooner than an older one after the last record that was committed late. An observation that is a little older
// than quiet may be the one compared with, so it may let go up to an eighth later, and never sooner.
func HoldUntilQuiet(quiet time.Duration, replicas, consumers int64) Gate {
	needs := floorNeeds(replicas)
	needs.Since, needs.History = []time.Duration{quiet}, quiet
	return Gate{
		Step: Step{Name: "hold", Key: "quietPeriod", Needs: needs},
		Do: func(v View, t Total, a Answer) (Answer, Note) {
			why, busy := lastSign(v, t, quiet)
			if !busy {
				return a, Note{Text: fmt.Sprintf("quiet for %s: nobody is held", quiet)}
			}
			floor := atLeast(replicas, v, t, consumers)
			return Answer{Value: max(a.Value, floor), Active: true},
				Note{Text: fmt.Sprintf("%s within %s: active, with %s at least (%d)", why, quiet, several(replicas, "replica"), floor)}
		},
	}
}

// lastSign finds a partition in which something happened within the last while, and says what.
func lastSign(v View, t Total, within time.Duration) (why string, found bool) {
	earlier := comparedWith(v, within)
	for _, c := range t.Counts {
		p := c.Partition
		earlier = from(earlier, p)
		known := isFirst(earlier, p)
		switch {
		case p.hasRecordSince(within, v.Latest.At), known && earlier[0].End < p.End:
			return fmt.Sprintf("%s/%d got records", p.Topic, p.ID), true
		case known && p.hasNewCommit(earlier[0]):
			return fmt.Sprintf("the group committed in %s/%d", p.Topic, p.ID), true
		}
	}
	return "", false
}

// comparedWith is what was seen that long ago, or as long ago as this process has observed.
func comparedWith(v View, ago time.Duration) []Partition {
	before, seen := observedBy(v.History, v.Latest.At.Add(-ago))
	if !seen && len(v.History) > 0 {
		before = v.History[0]
	}
	return before.Partitions
}

func (p Partition) hasNewCommit(earlier Partition) bool {
	return p.HasCommitted && (!earlier.HasCommitted || earlier.Committed != p.Committed)
}
