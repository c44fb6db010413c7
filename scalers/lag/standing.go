package lag

import "time"

// Standing is a partition with lag, and since when its commit has stood where it is while there was lag and somebody to read it.
type Standing struct {
	Topic     string
	ID        int32
	Committed int64
	Since     time.Time
}

// standing takes the partitions with lag on from one observation to the next. Without a consumer, which is what met says for
// a while, nothing can move, so no time counts.
func standing(earlier []Standing, o Observation, met bool) []Standing {
	var still []Standing
	for _, p := range o.Partitions {
		if !p.HasCommitted || p.Committed >= p.End {
			continue
		}
		now := Standing{Topic: p.Topic, ID: p.ID, Committed: p.Committed, Since: o.At}
		for len(earlier) > 0 && order(earlier[0].partition(), p) < 0 {
			earlier = earlier[1:]
		}
		if met && len(earlier) > 0 && order(earlier[0].partition(), p) == 0 && earlier[0].Committed == p.Committed {
			now.Since = earlier[0].Since
		}
		still = append(still, now)
	}
	return still
}

func (s Standing) partition() Partition { return Partition{Topic: s.Topic, ID: s.ID} }
