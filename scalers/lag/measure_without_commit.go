package lag

import "fmt"

// The measures in this file count the partitions in which the group has no committed offset (KEDA: kafka_scaler.go,
// invalidOffset in getLagForPartition). None of them looks at a partition that has one.

const withoutCommit = "without-commit"

// WithoutCommitLatest counts 1 for each, KEDA's default: the consumer would start at the log end, so how much work waits
// is not known, but one replica must run for a first commit to be made. It counts 1 even when the partition is empty.
func WithoutCommitLatest() Measure {
	return Measure{
		Step: Step{Name: withoutCommit},
		Do: func(_ View, counts []Count) Note {
			n := countWithoutCommit(counts, func(Partition) int64 { return 1 })
			return noteWithoutCommit(n, "offsetResetPolicy latest counts 1 each")
		},
	}
}

// WithoutCommitZero counts 0 for each (key scaleToZeroOnInvalidOffset), whatever offsetResetPolicy says.
func WithoutCommitZero() Measure {
	return Measure{
		Step: Step{Name: withoutCommit, Key: "scaleToZeroOnInvalidOffset"},
		Do: func(_ View, counts []Count) Note {
			n := countWithoutCommit(counts, func(Partition) int64 { return 0 })
			return noteWithoutCommit(n, "scaleToZeroOnInvalidOffset counts 0 each")
		},
	}
}

// WithoutCommitEarliest counts the records that the log still keeps (key offsetResetPolicy earliest). Start and end are
// read one after the other, and retention may move the start past the end read before: that counts 0. Where the start
// could not be read, the end stands in for the records kept, as in KEDA.
func WithoutCommitEarliest() Measure {
	return Measure{
		Step: Step{Name: withoutCommit, Key: "offsetResetPolicy", Needs: Needs{LogStartWithoutCommit: true}},
		Do: func(_ View, counts []Count) Note {
			var lag, noStart int64
			n := countWithoutCommit(counts, func(p Partition) int64 {
				kept := p.End
				if p.HasStart {
					kept = p.kept()
				} else {
					noStart++
				}
				lag = add(lag, kept)
				return kept
			})
			note := noteWithoutCommit(n, fmt.Sprintf("offsetResetPolicy earliest counts the log: %d", lag))
			if noStart > 0 {
				note.Text += "; up to the log end where the log start is unknown: " + several(noStart, "partition")
			}
			return note
		},
	}
}

// countWithoutCommit returns how many partitions have no commit.
func countWithoutCommit(counts []Count, lag func(Partition) int64) int64 {
	var n int64
	for i := range counts {
		c := &counts[i]
		if c.Partition.HasCommitted {
			continue
		}
		c.Lag = lag(c.Partition)
		c.Persistent = c.Lag
		c.Rule = withoutCommit
		n++
	}
	return n
}

func noteWithoutCommit(n int64, counted string) Note {
	if n == 0 {
		return Note{}
	}
	return Note{Text: fmt.Sprintf("%s without a committed offset: %s", several(n, "partition"), counted)}
}
