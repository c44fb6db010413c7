package lag

import (
	"fmt"
	"time"
)

// ByAge makes the metric of the age of the oldest record that waits, in proportion: as many targets as the age holds
// thresholds, rounded up to a whole number (key lagTimeThreshold). Beside the lag (key lagThreshold, where it is set as well)
// it is whichever asks for more.
//
// A partition's oldest record is the first one at or after the group's position, by its timestamp; the metric is that of the
// partition in which it is oldest. A record of the future, or without timestamp, has no age yet. Partitions that do not count
// in the metric, as those that excludePersistentLag leaves out, have none either.
func ByAge(threshold time.Duration, besideLag bool) Aggregate {
	return Aggregate{
		Step: Step{Name: "age", Key: "lagTimeThreshold", Needs: Needs{LogStart: true, OldestRecord: true}},
		Do: func(v View, t Total) (int64, Note) {
			oldest, age := oldestOf(v, t)
			value := scale(age.Milliseconds(), t.Target, threshold.Milliseconds())
			said := "no record waits that has an age: 0"
			if age > 0 {
				said = fmt.Sprintf("%s/%d waits longest: %s at lagTimeThreshold %s is worth %d at lagThreshold %d",
					oldest.Topic, oldest.ID, age.Round(time.Millisecond), threshold, value, t.Target)
			}
			if besideLag && t.Lag > value {
				return t.Lag, Note{Text: said + fmt.Sprintf("; lag %d asks for more", t.Lag)}
			}
			return value, Note{Text: said}
		},
	}
}

func oldestOf(v View, t Total) (oldest Partition, age time.Duration) {
	for _, c := range t.Counts {
		r := c.Partition.records()
		if c.Lag <= 0 || r == nil || r.Count == 0 || !r.HasTimestamp {
			continue
		}
		if waits := v.Latest.At.Sub(r.Timestamp); waits > age {
			oldest, age = c.Partition, waits
		}
	}
	return oldest, age
}
