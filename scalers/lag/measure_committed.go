package lag

import "fmt"

// Committed counts the records between the committed offset and the log end, the default for every partition that has a
// commit (KEDA: kafka_scaler.go, last line of getLagForPartition). The difference is not clamped, as KEDA's is not: a
// commit past the log end, as a topic that was deleted and created again leaves behind, counts below zero and takes from
// the lag of other partitions. WarnPastEnd reports that.
func Committed() Measure {
	return Measure{Step: Step{Name: "committed"}, Do: countCommitted}
}

// ReadCommitted counts as Committed does, up to the last stable offset (key isolationLevel): records of transactions that are
// still open count when they are committed.
func ReadCommitted() Measure {
	return Measure{
		Step: Step{Name: "committed", Key: "isolationLevel", Needs: Needs{ReadCommitted: true}},
		Do:   countCommitted,
	}
}

func countCommitted(_ View, counts []Count) Note {
	var partitions, lag int64
	for i := range counts {
		c := &counts[i]
		if !c.Partition.HasCommitted {
			continue
		}
		c.Lag = sub(c.Partition.End, c.Partition.Committed)
		c.Persistent = c.Lag
		c.Rule = "committed"
		partitions++
		lag = add(lag, c.Lag)
	}
	if partitions == 0 {
		return Note{}
	}
	return Note{Text: fmt.Sprintf("%s with a committed offset: lag %d", several(partitions, "partition"), lag)}
}
