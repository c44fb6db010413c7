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
	// a second at least.
	Within time.Duration
	// PerReplica is what one replica gets done (key recordsPerSecondPerReplica), above zero; for DrainAtPace it is 0.
	PerReplica Rate
	// AtMost is what all replicas together may take (key maxRecordsPerSecond); 0 for as much as they can.
	AtMost Rate
}

// DrainInTime makes the metric of the replicas that get the lag done in time, and meanwhile what is expected to come:
// (arrival rate + lag / within) / rate of a replica, rounded up. The value is an exact multiple of the target. AtMost is never
// exceeded but by a single replica.
//
// What came is read from Kafka by timestamp, alike on every replica of lagwise. Where Kafka does not tell, as the embedded
// broker, or tells of a record whose timestamp lies far in the future, it is how far the log's end was seen to move: too little
// in a process that has not observed for so long.
//
// The lag shrinks as it is worked off, and so does the wish for replicas: they have to be kept for as long as within, by the
// HPA's stabilisation. Then the lag that lies there at any moment is gone within that time.
func DrainInTime(d Drain) Aggregate {
	return Aggregate{
		Step: Step{Name: "drain", Key: "drainWithin", Needs: Needs{Since: []time.Duration{d.Within / 2, d.Within}, History: d.Within}},
		Do:   d.plan,
	}
}

// DrainAtPace is DrainInTime with the rate of a replica as it is measured: what one consumer gets done, times the consumers of a
// replica. Until it is known the metric is the sum of lag, as if there were no such rule.
func DrainAtPace(d Drain, consumers int64) Aggregate {
	aggregate := DrainInTime(d)
	aggregate.Needs.Pace = true
	aggregate.Do = func(v View, t Total) (int64, Note) {
		if v.Latest.Group == nil || !v.Latest.Group.Pace.Known {
			return t.Lag, Note{Text: fmt.Sprintf("what a replica gets done is not known yet, because no consumer was seen at work for %s: lag %d counts by lagThreshold",
				shortestRun, t.Lag)}
		}
		measured := d
		measured.PerReplica = Rate(times(int64(v.Latest.Group.Pace.Each), consumers))
		return measured.plan(v, t)
	}
	return aggregate
}

func (d Drain) plan(v View, t Total) (int64, Note) {
	waiting, coming, late := max(0, t.Lag), d.expected(v, t), d.late(v, t)
	replicas := d.replicas(add(add(waiting, coming), late))
	said := fmt.Sprintf("lag %d, and %s to expect within %s: done in %s by %s at %s a second each",
		waiting, several(coming, "record"), d.Within, d.Within, several(replicas, "replica"), d.PerReplica)
	if late > 0 {
		said += fmt.Sprintf("; %d of the lag count twice, since half of the time is over", late)
	}
	if most := d.most(); replicas > most {
		replicas = most
		said += fmt.Sprintf("; maxRecordsPerSecond %s allows %d", d.AtMost, most)
	}
	value := times(replicas, t.Target)
	return value, Note{Text: fmt.Sprintf("%s (%d)", said, value)}
}

// expected is how many records to expect within the time: as many as in two of its last half, or of the half before, whichever
// had fewer. A burst has no forerunner and no successor, so it counts as lag alone; a stream counts wholly once it is that old.
func (d Drain) expected(v View, t Total) int64 {
	late := arrived(v, t, d.Within/2)
	early := sub(arrived(v, t, d.Within), late)
	return times(2, max(0, min(late, early)))
}

// late is the lag of the partitions whose next record has waited for half of the time, so that half is left for all that lies
// behind it: replicas that were slow to come are made up for. One that has waited for all of it has missed it, and has the
// time anew.
func (d Drain) late(v View, t Total) int64 {
	var sum int64
	for _, c := range t.Counts {
		if c.Lag > 0 && c.waitedFor(d.Within/2, v.Latest.At) && !c.waitedFor(d.Within, v.Latest.At) {
			sum = add(sum, c.Lag)
		}
	}
	return sum
}

// waitedFor says whether some of the lag is older than that, where Kafka tells.
func (c Count) waitedFor(age time.Duration, now time.Time) bool {
	came, told := c.Partition.cameSince(age, now)
	return told && c.without(came) > 0
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
	first, told := p.since(age)
	if p.hasRecordSince(age, now) {
		return sub(p.End, first.Offset), true
	}
	// A record of the future stays the first for as long as that, whatever comes behind it.
	return 0, told && (!first.Found || first.Offset >= p.End)
}
