package lag

import (
	"fmt"
	"time"
)

// OlderThan is active when lag counts that is older than an age (key activationLagTimeThreshold). Three things tell, any of
// them: the oldest record's timestamp, where it was read; the first record that is no older, by timestamp, where that lies
// behind the group's position; and that the position was below the log end that long ago already, which needs a history, and
// may be noticed up to an eighth of the age late.
//
// starts are the needs of the measures, which say where a group resumes whose commit is missing or past the log end. What is
// counted for a partition without commit when offsetResetPolicy is latest is no record, and older than anything.
func OlderThan(age time.Duration, starts Needs) Activate {
	return Activate{
		Step: Step{
			Name: "activate", Key: "activationLagTimeThreshold",
			Needs: Needs{LogStart: true, Since: []time.Duration{age}, History: age},
		},
		Do: func(v View, t Total) (bool, Note) {
			before, _ := observedBy(v.History, v.Latest.At.Add(-age))
			earlier := before.Partitions
			for _, c := range t.Counts {
				earlier = from(earlier, c.Partition)
				if c.Persistent > 0 && c.Partition.waitsFor(age, v.Latest.At, earlier, starts) {
					return true, Note{Text: fmt.Sprintf("active: %s/%d waits for longer than %s", c.Partition.Topic, c.Partition.ID, age)}
				}
			}
			return false, Note{Text: fmt.Sprintf("inactive: of lag %d none is known to wait for longer than %s", t.Persistent, age)}
		},
	}
}

// waitsFor expects what was seen that long ago, from this partition on.
func (p Partition) waitsFor(age time.Duration, now time.Time, earlier []Partition, starts Needs) bool {
	position, known := p.Position(starts)
	if !known {
		return true
	}
	stamped := false
	if r := p.records(); r != nil {
		position = r.Through
		if r.Count > 0 {
			position, stamped = r.Offset, r.HasTimestamp
			if stamped && now.Sub(r.Timestamp) > age {
				return true
			}
		}
	}
	if position >= p.End {
		return false
	}
	if first, told := p.since(age); told && !stamped && (!first.Found || first.Offset > position) {
		return true
	}
	// A log that is shorter than it was is another one, of a topic that was made anew.
	return isFirst(earlier, p) && earlier[0].End > position && earlier[0].End <= p.End
}

// since is the first record no older than age; told is false where Kafka did not tell.
func (p Partition) since(age time.Duration) (first Since, told bool) {
	if p.Facts == nil {
		return Since{}, false
	}
	for _, first := range p.Facts.Since {
		if first.Age == age {
			return first, true
		}
	}
	return Since{}, false
}
