package lag

import (
	"fmt"
	"time"
)

// OnNewRecords is active as AboveThreshold is, and also while records were produced within the last while (key activateOn:
// newRecords): a group whose commits are missing, and count nothing, then wakes when there is something to read.
//
// A record counts by its timestamp, which every replica of lagwise reads alike, and by the log's end having moved since an
// observation within that time, which catches records that carry an old timestamp and needs a history. A timestamp that lies
// further in the future than that time says nothing about when its record came. A transaction's marker counts like a record.
func OnNewRecords(threshold int64, within time.Duration) Activate {
	byLag := AboveThreshold(threshold)
	return Activate{
		Step: Step{Name: "activate", Key: "activateOn", Needs: Needs{Since: []time.Duration{within}, History: within}},
		Do: func(v View, t Total) (bool, Note) {
			active, note := byLag.Do(v, t)
			if active {
				return active, note
			}
			before := earliestSince(v.History, v.Latest.At.Add(-within)).Partitions
			for _, c := range t.Counts {
				before = from(before, c.Partition)
				moved := isFirst(before, c.Partition) && before[0].End < c.Partition.End
				if moved || c.Partition.hasRecordSince(within, v.Latest.At) {
					return true, Note{Text: fmt.Sprintf("active: %s/%d got records within %s; lag %d is not above activationLagThreshold %d",
						c.Partition.Topic, c.Partition.ID, within, t.Persistent, threshold)}
				}
			}
			note.Text += fmt.Sprintf(", and no record came within %s", within)
			return false, note
		},
	}
}

// hasRecordSince is false, too, where it is not known.
func (p Partition) hasRecordSince(age time.Duration, now time.Time) bool {
	first, told := p.since(age)
	return told && first.Found && first.Offset < p.End && !first.Timestamp.After(now.Add(age))
}

// earliestSince is the oldest observation that is not before t; one of nothing when there is none.
func earliestSince(history []Observation, t time.Time) Observation {
	for _, seen := range history {
		if !seen.At.Before(t) {
			return seen
		}
	}
	return Observation{}
}
