// Package closedloop tells what became of a Deployment that was scaled while its consumers worked: as figures, as a table and
// as a chart.
package closedloop

import (
	"maps"
	"math"
	"slices"
	"time"

	"github.com/lagwise/lagwise/test/e2e/stage"
)

// Triggers of a Loop.
const (
	KEDA    = "kafka"
	Lagwise = "external-push"
	Quiet   = "external-push, quietPeriod" // lagwise with keys that KEDA does not have
	InTime  = "external-push, drainWithin" // as well
)

// Loop is what became of one Deployment. Times are in seconds; those of a course count from the first burst.
type Loop struct {
	// Trigger is KEDA, Lagwise, Quiet or InTime; Commit the consumer's flag of that name.
	Trigger string `json:"trigger"`
	Commit  string `json:"commit"`
	// Wakes has the time from each burst to the first wanted replica, and null where there were replicas already.
	Wakes []*float64 `json:"wakes"`
	// FirstRecords has the time from each burst to the first of its records that was processed.
	FirstRecords []float64 `json:"firstRecords"`
	// Drained has the time from each burst to the last of its records that was processed.
	Drained []float64 `json:"drained"`
	// MostReplicas is how many were wanted at most.
	MostReplicas int `json:"mostReplicas"`
	// Reversals counts how often the wanted replicas went up after they had gone down, or down after they had gone up; that they
	// go down for good in the end is none.
	Reversals int `json:"reversals"`
	// ConsumerSeconds is how long all consumers together ran.
	ConsumerSeconds float64 `json:"consumerSeconds"`
	// Lost records were never processed, Repeated ones counts each further time that a record was.
	Lost     int `json:"lost"`
	Repeated int `json:"repeated"`
	// Replicas is the course of the wanted replicas, at each change; Processed that of the distinct records that were
	// processed, once a second.
	Replicas  []Point `json:"replicas"`
	Processed []Point `json:"processed"`
}

// Point is a count from a moment on.
type Point struct {
	At    float64 `json:"at"`
	Count int     `json:"count"`
}

// Observed is what was seen of a Deployment.
type Observed struct {
	// Bursts are the moments just before the first record of each, Records how many records each brought to each partition.
	Bursts  []time.Time
	Records []int
	Changes []stage.Change
	Pods    []stage.PodLife // all of them gone
	Done    []stage.Record  // of all pods, of this Deployment or not
}

// Sum makes figures of what was seen.
func (o Observed) Sum(trigger, commit string) Loop {
	done := o.processed()
	loop := Loop{
		Trigger: trigger, Commit: commit, Lost: len(o.Bursts)*total(o.Records) - len(done),
		Repeated: len(o.own()) - len(done), Reversals: reversals(o.Changes),
	}
	for burst, at := range o.Bursts {
		loop.Wakes = append(loop.Wakes, o.wake(at))
		first, last := o.ends(done, burst)
		loop.FirstRecords, loop.Drained = append(loop.FirstRecords, first), append(loop.Drained, last)
	}
	for _, pod := range o.Pods {
		loop.ConsumerSeconds += pod.To.Sub(pod.From).Seconds()
	}
	loop.ConsumerSeconds = math.Round(loop.ConsumerSeconds)
	loop.Replicas = o.course()
	for _, point := range loop.Replicas {
		loop.MostReplicas = max(loop.MostReplicas, point.Count)
	}
	loop.Processed = o.progress(done)
	return loop
}

func total(counts []int) (sum int) {
	for _, count := range counts {
		sum += count
	}
	return sum
}

// own leaves the records of this Deployment's pods.
func (o Observed) own() []stage.Record {
	var own []stage.Record
	for _, record := range o.Done {
		if slices.ContainsFunc(o.Pods, func(pod stage.PodLife) bool { return pod.Name == record.Pod }) {
			own = append(own, record)
		}
	}
	return own
}

// place is where a record lies.
type place struct {
	partition int32
	offset    int64
}

// processed is when each record was processed for the first time.
func (o Observed) processed() map[place]time.Time {
	times := map[place]time.Time{}
	for _, record := range o.own() {
		at := place{record.Partition, record.Offset}
		if known, before := times[at]; !before || record.At.Before(known) {
			times[at] = record.At
		}
	}
	return times
}

// ends are the seconds from a burst to the first and to the last of its records that were processed; 0 when none was.
func (o Observed) ends(done map[place]time.Time, burst int) (first, last float64) {
	var times []time.Time
	for at, when := range done {
		if int(at.offset)/o.Records[at.partition] == burst {
			times = append(times, when)
		}
	}
	if len(times) == 0 {
		return 0, 0
	}
	since := func(at time.Time) float64 { return seconds(at.Sub(o.Bursts[burst])) }
	return since(slices.MinFunc(times, time.Time.Compare)), since(slices.MaxFunc(times, time.Time.Compare))
}

// wake is how long it took until replicas were wanted, or nil if some were already.
func (o Observed) wake(burst time.Time) *float64 {
	wanted := int32(0)
	for _, change := range o.Changes {
		if change.At.After(burst) {
			if wanted > 0 {
				return nil
			}
			if change.Wanted > 0 {
				took := seconds(change.At.Sub(burst))
				return &took
			}
		}
		wanted = change.Wanted
	}
	return nil
}

// course is the wanted replicas from the first burst on.
func (o Observed) course() []Point {
	course := []Point{{}}
	for _, change := range o.Changes {
		if last := course[len(course)-1]; change.At.After(o.Bursts[0]) && int(change.Wanted) != last.Count {
			course = append(course, Point{At: seconds(change.At.Sub(o.Bursts[0])), Count: int(change.Wanted)})
		}
	}
	return course
}

// progress counts records once a second, until all are counted.
func (o Observed) progress(done map[place]time.Time) []Point {
	times := slices.SortedFunc(maps.Values(done), time.Time.Compare)
	var progress []Point
	for counted, second := 0, 0; counted < len(times); second++ {
		until := o.Bursts[0].Add(time.Duration(second) * time.Second)
		for counted < len(times) && !times[counted].After(until) {
			counted++
		}
		progress = append(progress, Point{At: float64(second), Count: counted})
	}
	return progress
}

func reversals(changes []stage.Change) int {
	turns, direction := 0, int32(0)
	for i := 1; i < len(changes); i++ {
		step := changes[i].Wanted - changes[i-1].Wanted
		if step == 0 {
			continue
		}
		if direction != 0 && (step > 0) != (direction > 0) {
			turns++
		}
		direction = step
	}
	if direction < 0 && turns > 0 {
		turns-- // the way to sleep
	}
	return turns
}

// seconds has two digits after the point.
func seconds(d time.Duration) float64 { return math.Round(d.Seconds()*100) / 100 }
