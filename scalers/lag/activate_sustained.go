package lag

import (
	"fmt"
	"time"
)

// WhenSustained is active when the lag is above the threshold, as AboveThreshold has it, and has been for a while (key
// sustainedFor), so that what one replica reads at once anyway wakes nobody. The metric is not touched.
//
// Either of two things shows that it has been. Of the lag, more than the threshold are records older than that, by their
// timestamps, which every replica of lagwise reads alike, however fresh: none of them was consumed all the while. Or every
// observation since then had more lag, which tells of lag that is consumed and comes again, and needs a history. Observations
// are kept in steps of an eighth of the time: a lag that was gone for less may go unnoticed.
//
// What a partition without commit counts at least, 1, is no record and has no age. clamp applies to the earlier lag as well.
func WhenSustained(threshold int64, long time.Duration, clamp *Clamp) Activate {
	byLag := AboveThreshold(threshold)
	return Activate{
		Step: Step{Name: "activate", Key: "sustainedFor", Needs: Needs{Since: []time.Duration{long}, History: long}},
		Do: func(v View, t Total) (bool, Note) {
			active, note := byLag.Do(v, t)
			if !active {
				return false, note
			}
			if old := lagOlderThan(long, v, t); old > threshold {
				return true, Note{Text: fmt.Sprintf("%s, %d of it for %s", note.Text, old, long)}
			}
			if seenAbove(threshold, long, clamp, v, t) {
				return true, Note{Text: fmt.Sprintf("%s, as it was whenever seen within %s", note.Text, long)}
			}
			return false, Note{Text: fmt.Sprintf("inactive: lag %d is above activationLagThreshold %d, and not known to be for %s", t.Persistent, threshold, long)}
		},
	}
}

// lagOlderThan is what is left of the lag without the records that came since.
func lagOlderThan(age time.Duration, v View, t Total) int64 {
	var sum int64
	for _, c := range t.Counts {
		came, told := c.Partition.cameSince(age, v.Latest.At)
		if !told {
			came = c.Persistent
		}
		sum = add(sum, c.without(came))
	}
	return sum
}

// seenAbove is false for a process that has not observed for that long.
func seenAbove(threshold int64, long time.Duration, clamp *Clamp, v View, t Total) bool {
	oldest, found := observedBy(v.History, v.Latest.At.Add(-long))
	if !found {
		return false
	}
	for _, seen := range v.History {
		if !seen.At.Before(oldest.At) && lagIn(seen, clamp, t) <= threshold {
			return false
		}
	}
	return true
}

// lagIn is the lag that the counted partitions had in an earlier observation.
func lagIn(seen Observation, clamp *Clamp, t Total) int64 {
	var sum int64
	earlier := seen.Partitions
	for _, c := range t.Counts {
		earlier = from(earlier, c.Partition)
		switch {
		case !isFirst(earlier, c.Partition):
		case earlier[0].HasCommitted:
			sum = add(sum, clamp.waiting(earlier[0]))
		case !c.Partition.HasCommitted:
			sum = add(sum, c.without(max(0, sub(c.Partition.End, earlier[0].End))))
		}
	}
	return sum
}

// without is a partition's lag without so many records, which it cannot have fewer of than none.
func (c Count) without(records int64) int64 {
	least := min(c.Persistent, 0)
	if !c.Partition.HasCommitted {
		least = min(c.Persistent, 1)
	}
	return max(least, sub(c.Persistent, records))
}
