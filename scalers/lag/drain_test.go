package lag_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/lagwise/lagwise/scalers/lag"
)

// TestDrainingIsTheFewestReplicas compares with a plain search: for each number of replicas it deals the partitions out as Kafka's
// assignors do, and adds up what each consumer has to do.
func TestDrainingIsTheFewestReplicas(t *testing.T) {
	t.Parallel()
	missed, more := 0, 0
	for seed := range uint64(1000) {
		r := rand.New(rand.NewPCG(seed, 1))
		c := randomDrain(r)
		got, note := lag.DrainInTime(c.drain, c.consumers).Do(c.view(), c.total())
		want := c.fewest()
		if got != want*c.target {
			t.Fatalf("seed %d: value %d, want %d replicas of %d\n%s\n%+v", seed, got, want, c.target, note.Text, c)
		}
		if want > 1 {
			more++
		}
		if !c.inTime(want) {
			missed++
		}
		c.drain.AtMost = c.drain.PerReplica * lag.Rate(r.IntN(9)) / 2
		bounded, _ := lag.DrainInTime(c.drain, c.consumers).Do(c.view(), c.total())
		if most := max(1, int64(c.drain.AtMost/c.drain.PerReplica)); c.drain.AtMost > 0 && bounded != min(got, most*c.target) {
			t.Fatalf("seed %d: at most %s: value %d, unbounded %d", seed, c.drain.AtMost, bounded, got)
		}
	}
	if missed < 10 || more < 300 {
		t.Errorf("%d cases cannot be in time, %d need more than a replica: the comparison says little", missed, more)
	}
}

// drainCase is partitions of some topics and what they ask for, in plain terms.
type drainCase struct {
	drain             lag.Drain
	target, consumers int64
	topics            [][]asked
	// members are the partitions of each running consumer, by their places among all; nil where it is not told.
	members [][]int
}

// asked is what one partition shows.
type asked struct {
	lag, recent, earlier int64
	// old is for how many quarters of the time the next record has waited: 0, 1 or 2.
	old int
}

func randomDrain(r *rand.Rand) drainCase {
	c := drainCase{
		drain:  lag.Drain{Within: time.Duration(4*(1+r.IntN(150))) * time.Second, PerReplica: lag.Rate(1 + r.IntN(5000))},
		target: 1 + r.Int64N(1000), consumers: 1 + r.Int64N(3)*r.Int64N(2),
	}
	scale := 1 + int64(float64(c.drain.PerReplica)/1000*c.drain.Within.Seconds()*(0.1+2*r.Float64()))
	all := 0
	for range 1 + r.IntN(3) {
		var topic []asked
		for range 1 + r.IntN(12) {
			one := asked{recent: r.Int64N(scale), earlier: r.Int64N(scale)}
			if r.IntN(3) == 0 {
				one = asked{}
			}
			// Of the lag, what came in the last quarter of the time is young.
			switch one.old = r.IntN(3); one.old {
			case 0:
				one.lag = r.Int64N(1 + one.recent/2)
			case 1:
				one.lag = min(one.recent, one.recent/2+1+r.Int64N(1+one.recent-one.recent/2))
				if one.lag <= one.recent/2 {
					one.old = 0
				}
			case 2:
				one.lag = one.recent + 1 + r.Int64N(2*scale)
			}
			topic = append(topic, one)
		}
		all += len(topic)
		c.topics = append(c.topics, topic)
	}
	if r.IntN(2) == 0 {
		c.members = make([][]int, (1+r.Int64N(int64(all)))*c.consumers)
		for place := range all {
			member := r.IntN(len(c.members))
			c.members[member] = append(c.members[member], place)
		}
	}
	return c
}

// view shows each partition with so many records that it has an end.
func (c drainCase) view() lag.View {
	now := time.Unix(1_000_000, 0)
	o := lag.Observation{At: now}
	for topic, partitions := range c.topics {
		for id, one := range partitions {
			p := lag.Partition{Topic: fmt.Sprint(topic), ID: int32(id), End: 1_000_000_000, HasCommitted: true, Facts: &lag.Facts{}}
			p.Committed = p.End - one.lag
			for _, age := range []struct {
				of   time.Duration
				came int64
			}{{c.drain.Within / 4, one.recent / 2}, {c.drain.Within / 2, one.recent}, {c.drain.Within, one.recent + one.earlier}} {
				p.Facts.Since = append(p.Facts.Since, lag.Since{Age: age.of, Found: age.came > 0, Offset: p.End - age.came, Timestamp: now})
			}
			o.Partitions = append(o.Partitions, p)
		}
	}
	if c.members != nil {
		o.Group = &lag.Group{Told: true}
		for i, reads := range c.members {
			o.Group.Members = append(o.Group.Members, lag.Member{ID: fmt.Sprintf("%03d", i), Reads: reads})
		}
	}
	return lag.View{Now: now, Latest: o}
}

func (c drainCase) total() lag.Total {
	t := lag.Total{Target: c.target}
	for _, p := range c.view().Latest.Partitions {
		t.Lag += p.End - p.Committed
		t.Counts = append(t.Counts, lag.Count{Partition: p, Lag: p.End - p.Committed, Persistent: p.End - p.Committed})
	}
	return t
}

func (c drainCase) all() []asked { return slices.Concat(c.topics...) }

// fewest tries every number of replicas.
func (c drainCase) fewest() int64 {
	replicas := c.search(1)
	if c.members != nil && 2*((int64(len(c.members))+c.consumers-1)/c.consumers) <= replicas {
		return c.search(3)
	}
	return replicas
}

// search counts what old lag adds so many times.
func (c drainCase) search(old int64) int64 {
	idle := true
	for _, one := range c.all() {
		idle = idle && one == asked{old: one.old}
	}
	if idle {
		return 0
	}
	rangeHelps := c.fits(c.byRange(100), old)
	for replicas := int64(1); replicas*c.consumers < int64(len(c.all())); replicas++ {
		members := int(replicas * c.consumers)
		switch {
		case c.members != nil && len(c.members) == members:
			if c.fits(c.members, old) {
				return replicas
			}
		case c.fits(c.inTurn(members), old) && (!rangeHelps || c.fits(c.byRange(members), old)):
			return replicas
		}
	}
	return (int64(len(c.all())) + c.consumers - 1) / c.consumers
}

// inTime says whether each consumer of so many replicas has its work done in time when partitions are dealt out in turn.
func (c drainCase) inTime(replicas int64) bool {
	for _, reads := range c.inTurn(int(max(1, replicas*c.consumers))) {
		if c.work(reads, 1) > c.capacity() {
			return false
		}
	}
	return true
}

func (c drainCase) capacity() float64 {
	return float64(c.drain.PerReplica) / 1000 * c.drain.Within.Seconds() / float64(c.consumers)
}

func (c drainCase) fits(members [][]int, old int64) bool {
	for _, reads := range members {
		busy := 0
		for _, place := range reads {
			if one := c.all()[place]; one.lag+one.recent+one.earlier > 0 {
				busy++
			}
		}
		if busy > 1 && c.work(reads, old) > c.capacity()+1e-6 {
			return false
		}
	}
	return true
}

// work is the stream, the backlog that is more than a quarter of it, and what old lag counts in addition.
func (c drainCase) work(reads []int, old int64) float64 {
	var waiting, more, recent, earlier int64
	for _, place := range reads {
		one := c.all()[place]
		waiting, recent, earlier = waiting+one.lag, recent+one.recent, earlier+one.earlier
		switch one.old {
		case 1:
			more += old * ((3*one.lag + 16) / 17)
		case 2:
			more += old * ((2*one.lag + 2) / 3)
		}
	}
	coming := 2 * min(recent, earlier)
	return float64(coming + max(0, waiting-coming/4) + more)
}

func (c drainCase) byRange(members int) [][]int {
	consumers := make([][]int, members)
	place := 0
	for _, topic := range c.topics {
		for member := range consumers {
			count := len(topic) / members
			if member < len(topic)%members {
				count++
			}
			for range count {
				consumers[member] = append(consumers[member], place)
				place++
			}
		}
	}
	return consumers
}

func (c drainCase) inTurn(members int) [][]int {
	consumers := make([][]int, members)
	for place := range c.all() {
		consumers[place%members] = append(consumers[place%members], place)
	}
	return consumers
}
