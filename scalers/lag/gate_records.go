package lag

import (
	"fmt"
	"time"
)

// ActiveWhileRecordsCome stays active while a record came within a time, so that a stream whose records are done at once is not taken
// for no work (key drainWithin). Unlike StayActive it does not count commits: after a burst nothing is kept for longer than the burst
// may take.
func ActiveWhileRecordsCome(within time.Duration) Gate {
	return Gate{
		Step: Step{Name: "stream", Key: "drainWithin", Needs: Needs{Since: []time.Duration{within}, History: within}},
		Do: func(v View, t Total, a Answer) (Answer, Note) {
			if a.Active {
				return a, Note{}
			}
			earlier := comparedWith(v, within)
			for _, c := range t.Counts {
				earlier = from(earlier, c.Partition)
				if arrived(v, c.Partition, earlier, within) > 0 {
					a.Active = true
					return a, Note{Text: fmt.Sprintf("%s/%d got records within %s: active", c.Partition.Topic, c.Partition.ID, within)}
				}
			}
			return a, Note{}
		},
	}
}
