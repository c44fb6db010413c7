package lag

import (
	"fmt"
	"math"
	"strconv"
	"time"
)

// Rate is how many records a second, in thousandths of a record.
type Rate int64

func (r Rate) String() string { return strconv.FormatFloat(float64(r)/1000, 'f', -1, 64) }

// Drain is what DrainInTime plans with.
type Drain struct {
	// Within is the time in which the lag shall be gone, and the time over which arrival is averaged (key drainWithin);
	// a millisecond at least.
	Within time.Duration
	// PerReplica is what one replica gets done (key recordsPerSecondPerReplica), above zero.
	PerReplica Rate
	// AtMost is what all replicas together may take (key maxRecordsPerSecond); 0 for as much as they can.
	AtMost Rate
}

// DrainInTime makes the metric of the replicas that get the lag done in time, and meanwhile what comes, if as much comes as
// came in the same time before: (arrival rate + lag / within) / rate of a replica, rounded up. The value is an exact multiple
// of the target. AtMost is never exceeded but by a single replica.
//
// What came is read from Kafka by timestamp, alike on every replica of lagwise. Where Kafka does not tell, as the embedded
// broker, or tells of a record whose timestamp lies far in the future, it is how far the log's end was seen to move: too little
// in a process that has not observed for so long.
func DrainInTime(d Drain) Aggregate {
	return Aggregate{
		Step: Step{Name: "drain", Key: "drainWithin", Needs: Needs{Since: []time.Duration{d.Within}, History: d.Within}},
		Do: func(v View, t Total) (int64, Note) {
			waiting, came := max(0, t.Lag), arrived(v, t, d.Within)
			replicas := d.replicas(add(waiting, came))
			said := fmt.Sprintf("lag %d, and %s that came within %s: done in %s by %s at %s a second each",
				waiting, several(came, "record"), d.Within, d.Within, several(replicas, "replica"), d.PerReplica)
			if most := d.most(); replicas > most {
				replicas = most
				said += fmt.Sprintf("; maxRecordsPerSecond %s allows %d", d.AtMost, most)
			}
			value := times(replicas, t.Target)
			return value, Note{Text: fmt.Sprintf("%s (%d)", said, value)}
		},
	}
}

// replicas is records / (Within x PerReplica), rounded up: the product counts in millionths of a record.
func (d Drain) replicas(records int64) int64 {
	return scale(records, 1_000_000, times(d.Within.Milliseconds(), int64(d.PerReplica)))
}

func (d Drain) most() int64 {
	if d.AtMost == 0 {
		return math.MaxInt64
	}
	return max(1, int64(d.AtMost/d.PerReplica))
}

// arrived is how many records of the selected partitions came within the last while.
func arrived(v View, t Total, within time.Duration) int64 {
	var sum int64
	earlier := comparedWith(v, within)
	for _, c := range t.Counts {
		earlier = from(earlier, c.Partition)
		came, told := c.Partition.cameSince(within, v.Latest.At)
		if !told && isFirst(earlier, c.Partition) {
			came = sub(c.Partition.End, earlier[0].End)
		}
		sum = add(sum, max(0, came))
	}
	return sum
}

// cameSince is how many records came since the first one that is no older; told is false where Kafka did not tell.
func (p Partition) cameSince(age time.Duration, now time.Time) (records int64, told bool) {
	if p.Facts == nil {
		return 0, false
	}
	for _, first := range p.Facts.Since {
		if first.Age != age {
			continue
		}
		if p.hasRecordSince(age, now) {
			return sub(p.End, first.Offset), true
		}
		// A record of the future stays the first for as long as that, whatever comes behind it.
		return 0, !first.Found || first.Offset >= p.End
	}
	return 0, false
}
