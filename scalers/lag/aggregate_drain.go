package lag

import (
	"fmt"
	"math"
	"slices"
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

// DrainInTime makes the metric of the fewest replicas at which the consumer with the most to do has it done in time: the lag of
// its partitions, and meanwhile what is expected to come. The value is an exact multiple of the target. AtMost is never
// exceeded but by a single replica. Each replica runs so many consumers of the group.
//
// What came is read from Kafka by timestamp, alike on every replica of lagwise. Where Kafka does not tell, as the embedded
// broker, or tells of a record whose timestamp lies far in the future, it is how far the log's end was seen to move: too little
// in a process that has not observed for so long.
//
// The lag shrinks as it is worked off, and so does the number of replicas. The HPA's stabilization has to keep them for as long
// as within. Then the lag that lies there at any moment is gone within that time.
func DrainInTime(d Drain, consumers int64) Aggregate {
	return Aggregate{
		Step: Step{Name: "drain", Key: "drainWithin", Needs: Needs{Since: []time.Duration{d.Within / 16, d.Within / 4, d.Within / 2, d.Within}, History: d.Within, Consumers: true}},
		Do:   func(v View, t Total) (int64, Note) { return d.plan(v, t, consumers) },
	}
}

// DrainAtPace is DrainInTime with the rate of a replica as it is measured: what one consumer gets done, times the consumers of a
// replica. Until it is known the metric is the sum of lag, as if there were no such rule.
func DrainAtPace(d Drain, consumers int64) Aggregate {
	aggregate := DrainInTime(d, consumers)
	aggregate.Needs.Pace = true
	aggregate.Do = func(v View, t Total) (int64, Note) {
		if !v.knowsPace() {
			return t.Lag, Note{Text: fmt.Sprintf("what a replica gets done is not known yet, because no consumer was seen at work for %s: lag %d counts by lagThreshold",
				shortestRun, t.Lag)}
		}
		measured := d
		measured.PerReplica = Rate(times(int64(v.Latest.Group.Pace.Each), consumers))
		return measured.plan(v, t, consumers)
	}
	return aggregate
}

func (v View) knowsPace() bool { return v.Latest.Group != nil && v.Latest.Group.Pace.Known }

func (d Drain) plan(v View, t Total, consumers int64) (int64, Note) {
	w := workload{partitions: d.demands(v, t), topics: topicsOf(t.Counts), running: assigned(v.Latest, t.Counts)}
	w.capacity, _ = multiplied(d.Within.Milliseconds(), int64(d.PerReplica), times(1_000_000, consumers))
	for i, one := range w.partitions {
		if one.work() > w.partitions[w.hottest].work() {
			w.hottest = i
		}
	}
	replicas, busiest := w.fewest(consumers)
	if running, known := v.running(consumers); known && running <= replicas/2 {
		w.hurry()
		replicas, busiest = w.fewest(consumers)
	}
	all := w.all()
	began := int64(0)
	if running, known := v.running(consumers); known && all.earlier == 0 {
		began = d.forStream(v, t, w, running, consumers)
	}
	said := fmt.Sprintf("lag %d, and %s to expect within %s: %s at %s a second each",
		max(0, t.Lag), several(all.coming(), "record"), d.Within, several(replicas, "replica"), d.PerReplica)
	if replicas > 0 {
		said += fmt.Sprintf(" leave at most %d to a consumer, which gets %d done", busiest, w.capacity)
	}
	if all.late > 0 {
		said += fmt.Sprintf("; lag that has waited for a quarter of the time or more counts as %d more", all.late)
	}
	said += d.tooHot(w, t, consumers)
	if began > replicas {
		replicas = began
		said += fmt.Sprintf("; records began to come a moment ago, and at their rate it takes %d", began)
	}
	if most := d.most(); replicas > most {
		replicas = most
		said += fmt.Sprintf("; maxRecordsPerSecond %s allows %d", d.AtMost, most)
	}
	value := times(replicas, t.Target)
	return value, Note{Text: fmt.Sprintf("%s (%d)", said, value)}
}

// scaleUp is a step of the HPA from nothing: with so many replicas running it goes to so many at most (scaleUpLimitMinimum and
// scaleUpLimitFactor of its horizontal.go). A stream shows in so short a part of the time, if records came in a longer one, too.
type scaleUp struct {
	running, to  int64
	part, longer time.Duration
}

func scaleUps() [2]scaleUp { return [2]scaleUp{{1, 4, 16, 4}, {4, 8, 4, 2}} }

// forStream is how many replicas a stream needs that began within the last half of the time, and no more than the HPA's next step.
// Each step takes as long as a pod's start, so that such a stream is done in time only if the first ones are asked for before its lag
// needs them. A burst that is mistaken for a stream costs a step, and no more.
func (d Drain) forStream(v View, t Total, w workload, running, consumers int64) int64 {
	most := int64(0)
	for _, step := range scaleUps() {
		if running > step.running {
			continue
		}
		replicas, _ := d.goingOn(v, t, w, step).fewest(consumers)
		most = max(most, min(replicas, step.to))
	}
	return most
}

// goingOn is the workload as if what came in the last part of the time went on, where records came before it, too.
func (d Drain) goingOn(v View, t Total, w workload, step scaleUp) workload {
	w.partitions = slices.Clone(w.partitions)
	part, longer := comparedWith(v, d.Within/step.part), comparedWith(v, d.Within/step.longer)
	for i, c := range t.Counts {
		part, longer = from(part, c.Partition), from(longer, c.Partition)
		recent, earlier := arrivedAndBefore(v, c.Partition, part, d.Within/step.part, longer, d.Within/step.longer)
		halves := int64(step.part / 2)
		w.partitions[i].recent, w.partitions[i].earlier = times(halves, recent), times(halves, earlier)
	}
	return w
}

// tooHot names the partition that no number of replicas gets done in time, because one consumer reads it.
func (d Drain) tooHot(w workload, t Total, consumers int64) string {
	if len(w.partitions) == 0 {
		return ""
	}
	hottest := w.partitions[w.hottest]
	most := add(hottest.lag, hottest.coming())
	if most <= w.capacity {
		return ""
	}
	p := t.Counts[w.hottest].Partition
	seconds := scale(most, times(1000, consumers), int64(d.PerReplica))
	return fmt.Sprintf("; %s/%d alone needs %d s", p.Topic, p.ID, seconds)
}

// demands is what each partition asks of the consumer that reads it.
func (d Drain) demands(v View, t Total) []demand {
	demands := make([]demand, len(t.Counts))
	before, half := comparedWith(v, d.Within), comparedWith(v, d.Within/2)
	for i, c := range t.Counts {
		before, half = from(before, c.Partition), from(half, c.Partition)
		one := demand{lag: max(0, c.Lag)}
		one.recent, one.earlier = arrivedAndBefore(v, c.Partition, half, d.Within/2, before, d.Within)
		if one.lag > 0 {
			one.late = d.late(c, v.Latest.At)
		}
		if one.lag > 0 || one.recent > 0 || one.earlier > 0 {
			one.partitions = 1
		}
		demands[i] = one
	}
	return demands
}

// late is by how much more the lag of a partition counts whose next record has waited. It may be done a tenth of the time late, so that
// replicas that only just manage are left alone: 0.85 of the time is left to all that lies behind a record that has waited for a
// quarter, and 0.6 to what lies behind one that has waited for half of it. One that has missed its time stays late.
func (d Drain) late(c Count, now time.Time) int64 {
	switch {
	case c.waitedFor(d.Within/2, now):
		return scale(c.Lag, 2, 3)
	case c.waitedFor(d.Within/4, now):
		return scale(c.Lag, 3, 17)
	default:
		return 0
	}
}

// waitedFor says whether some of the lag is older than that, where Kafka tells.
func (c Count) waitedFor(age time.Duration, now time.Time) bool {
	came, told := c.Partition.cameSince(age, now)
	return told && c.without(came) > 0
}

func (d Drain) most() int64 {
	if d.AtMost == 0 {
		return math.MaxInt64
	}
	return max(1, int64(d.AtMost/d.PerReplica))
}

// arrived is how many records of a partition came within the last while; earlier begins with the partition as it was seen then,
// if it was.
func arrived(v View, p Partition, earlier []Partition, within time.Duration) int64 {
	came, told := p.cameSince(within, v.Latest.At)
	if !told && isFirst(earlier, p) {
		came = sub(p.End, earlier[0].End)
	}
	return max(0, came)
}

// arrivedAndBefore is how many records came within the last part of a longer while, and how many before that.
func arrivedAndBefore(
	v View, p Partition, partAgo []Partition, part time.Duration, longerAgo []Partition, longer time.Duration,
) (recent, earlier int64) {
	recent = arrived(v, p, partAgo, part)
	return recent, max(0, sub(arrived(v, p, longerAgo, longer), recent))
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
