package lag

// demand is what a partition, or all partitions of a consumer, ask of the consumer within the time of a Drain, in records.
type demand struct {
	// lag is what waits; late is by how much more lag counts that has waited for a while, because less time is left to it.
	lag, late int64
	// recent came in the last half of the time, earlier in the half before.
	recent, earlier int64
	// partitions is how many partitions have lag or get records.
	partitions int
}

func (d demand) and(other demand) demand {
	return demand{
		lag: add(d.lag, other.lag), late: add(d.late, other.late),
		recent: add(d.recent, other.recent), earlier: add(d.earlier, other.earlier),
		partitions: d.partitions + other.partitions,
	}
}

// coming is how many records to expect within the time: as many as in two of its last half, or of the half before, whichever
// had fewer. A burst has no forerunner and no successor, so it counts as lag alone; a stream counts wholly once it is that old.
func (d demand) coming() int64 { return times(2, min(d.recent, d.earlier)) }

// work is how many records have to be done within the time. Lag that is no more than comes in a quarter of the time is the
// stream itself, and no backlog.
func (d demand) work() int64 {
	coming := d.coming()
	return add(add(coming, max(0, sub(d.lag, coming/4))), d.late)
}

// workload is what the consumers of a group have to do within a time.
type workload struct {
	// partitions are in the observation's order; topics are the places at which those of another topic begin.
	partitions []demand
	topics     []int
	// running are the partitions of each member that runs; none where not every partition is known to be assigned.
	running [][]int
	// hottest is the place of the partition with the most work.
	hottest int
	// capacity is how many records one consumer gets done in the time.
	capacity int64
}

func topicsOf(counts []Count) (topics []int) {
	for i, c := range counts {
		if i == 0 || counts[i-1].Partition.Topic != c.Partition.Topic {
			topics = append(topics, i)
		}
	}
	return topics
}

// assigned are the counted partitions that each member reads, where every one of them is known to be assigned. Otherwise the group
// is about to assign them, or is not known.
func assigned(o Observation, counts []Count) [][]int {
	if o.Group == nil {
		return nil
	}
	places := make([]int, len(o.Partitions))
	for i, next := 0, 0; i < len(places); i++ {
		places[i] = -1
		if next < len(counts) && order(counts[next].Partition, o.Partitions[i]) == 0 {
			places[i] = next
			next++
		}
	}
	members, missing := make([][]int, len(o.Group.Members)), len(counts)
	for i, m := range o.Group.Members {
		for _, at := range m.Reads {
			if places[at] >= 0 {
				members[i] = append(members[i], places[at])
				missing--
			}
		}
	}
	if missing > 0 {
		return nil
	}
	return members
}

// hurry is for when half of the replicas are yet to come: they take about as long again as the oldest record has waited, so that less is
// left of the time.
func (w workload) hurry() {
	for i := range w.partitions {
		w.partitions[i].late = times(3, w.partitions[i].late)
	}
}

// fewest is the fewest replicas at which every consumer has its work done in time, and how much the busiest one has. A consumer
// with a single busy partition counts as in time, because no further replica takes anything from it.
//
// Where as many consumers run, their assignment counts. Otherwise the range assignor's does, and that of the assignors that deal
// partitions out in turn. Range gives the first consumers a partition of each topic, however many consumers there are; where that
// alone is too much for one of them, range does not count.
func (w workload) fewest(consumers int64) (replicas, busiest int64) {
	if w.all().partitions == 0 {
		return 0, 0
	}
	assumed := []assignor{{w.byRange, w.rangeHolder}, {w.inTurn, w.turnHolder}}
	if _, inTime := w.busiest(w.largestTopic(), assumed[0]); !inTime {
		assumed = assumed[1:]
	}
	for replicas = 1; times(replicas, consumers) < int64(len(w.partitions)); replicas++ {
		members, assignors := int(replicas*consumers), assumed
		if members == len(w.running) {
			assignors = []assignor{{w.asRunning, func(int) int { return 0 }}}
		}
		if busiest, inTime := w.busiest(members, assignors...); inTime {
			return replicas, busiest
		}
	}
	busiest, _ = w.busiest(len(w.partitions), assignor{w.inTurn, w.turnHolder})
	return replicas, busiest
}

// busiest is the most work that one of so many members has under any of the assignors. It stops at the first one that does not get
// its work done in time, and begins with the one that reads the hottest partition: most numbers of members are ruled out by that one.
func (w workload) busiest(members int, assignors ...assignor) (work int64, inTime bool) {
	for _, a := range assignors {
		first := a.holder(members)
		for i := range members {
			one := a.of((first+i)%members, members)
			if one.partitions > 1 && one.work() > w.capacity {
				return one.work(), false
			}
			work = max(work, one.work())
		}
	}
	return work, true
}

// assignor spreads partitions over so many members.
type assignor struct {
	// of is the sum of the partitions that a member gets; holder is the member that gets the hottest one.
	of     func(member, members int) demand
	holder func(members int) int
}

// byRange gives contiguous partitions of each topic, one more to the first members, as Kafka's RangeAssignor does.
func (w workload) byRange(member, members int) (sum demand) {
	for i, first := range w.topics {
		size := w.endOf(i) - first
		each, more := size/members, size%members
		from := first + member*each + min(member, more)
		if member < more {
			each++
		}
		for _, one := range w.partitions[from : from+each] {
			sum = sum.and(one)
		}
	}
	return sum
}

func (w workload) rangeHolder(members int) int {
	place, size := w.hottest, len(w.partitions)
	for i, first := range w.topics {
		if end := w.endOf(i); first <= w.hottest && w.hottest < end {
			place, size = w.hottest-first, end-first
		}
	}
	each, more := size/members, size%members
	if longer := more * (each + 1); place >= longer {
		return more + (place-longer)/each
	}
	return place / (each + 1)
}

// endOf is the place behind the last partition of a topic.
func (w workload) endOf(topic int) int {
	if topic+1 < len(w.topics) {
		return w.topics[topic+1]
	}
	return len(w.partitions)
}

func (w workload) turnHolder(members int) int { return w.hottest % members }

// inTurn deals partitions out one by one, as Kafka's RoundRobinAssignor does, and the sticky ones to a new group.
func (w workload) inTurn(member, members int) (sum demand) {
	for i := member; i < len(w.partitions); i += members {
		sum = sum.and(w.partitions[i])
	}
	return sum
}

func (w workload) asRunning(member, _ int) (sum demand) {
	for _, i := range w.running[member] {
		sum = sum.and(w.partitions[i])
	}
	return sum
}

func (w workload) all() (sum demand) {
	for _, one := range w.partitions {
		sum = sum.and(one)
	}
	return sum
}

func (w workload) largestTopic() (most int) {
	for i, first := range w.topics {
		most = max(most, w.endOf(i)-first)
	}
	return most
}
