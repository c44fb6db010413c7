package lag

import "fmt"

// Sum makes the metric of all lag together, as KEDA does.
func Sum() Aggregate {
	return Aggregate{Step: Step{Name: "sum"}, Do: func(_ View, t Total) (int64, Note) { return t.Lag, Note{} }}
}

// Max makes the metric of the partition that lags most (key aggregate: max): one consumer at a time reads it, so it is done
// last. It is never below zero.
func Max() Aggregate {
	return Aggregate{Step: Step{Name: "max", Key: "aggregate"}, Do: func(_ View, t Total) (int64, Note) {
		var most Count
		for _, c := range t.Counts {
			if c.Lag > most.Lag {
				most = c
			}
		}
		if most.Lag == 0 {
			return 0, Note{Text: "no partition lags"}
		}
		return most.Lag, Note{Text: fmt.Sprintf("%s/%d lags most: %d of %d",
			most.Partition.Topic, most.Partition.ID, most.Lag, t.Lag)}
	}}
}
