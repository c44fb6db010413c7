// Package lag decides, from what was observed of a consumer group's offsets, the metric value and the activation of a
// trigger. Everything in it is pure: values in, values out. No clock, context, logger, network or state may enter;
// time arrives as a field of the View. It imports the standard library alone.
package lag

import "time"

// Partition is what was observed of one partition for one consumer group, at one instant. Offsets count records
// from the partition's creation.
type Partition struct {
	Topic string
	ID    int32
	// Start is the log start offset: the offset of the oldest record still kept. Valid when HasStart.
	Start    int64
	HasStart bool
	// End is the log end offset: the offset that the next record will get (the last stable offset for
	// read_committed observations).
	End int64
	// Committed is the offset of the next record that the group will read. Valid when HasCommitted; a group that never
	// committed, or whose commit expired, has none.
	Committed    int64
	HasCommitted bool
	// Facts is nil for policies that need none. Nobody changes them.
	Facts *Facts
}

// Facts are what was observed of a partition for the few policies that need more than offsets.
type Facts struct {
	// Since has one entry for each age of Needs.Since that Kafka answered about.
	Since []Since
	// Records is what was read of the partition; nil when nothing was.
	Records *Records
}

// Since is the first record of a partition that is no older than an age, by its timestamp.
type Since struct {
	// Age is the time before Observation.At.
	Age time.Duration
	// Found says that there is such a record.
	Found  bool
	Offset int64
	// Timestamp is what the record's producer, or its broker, wrote into it: it may lie in the future.
	Timestamp time.Time
}

// Observation is the state of every partition that a trigger may count, read together.
type Observation struct {
	// At is when the read began: nothing in the observation is older.
	At time.Time
	// Woken is when the record was noticed that had it read; zero when it was read in its turn. Nothing is decided by it.
	Woken time.Time
	// Partitions are ordered by topic, then by id.
	Partitions []Partition
	// Excluded are partitions of the trigger's topics that were not read, because its limitation leaves them out (Select.Counts). Only
	// their Topic and ID are set.
	Excluded []Partition
	// MissingTopics are the topics that the trigger names and the cluster does not have, in the trigger's order. Only a
	// list of topics may miss some; the absence of a trigger's only topic is an error, not an observation.
	MissingTopics []string
	// Group is nil for policies that need nothing of it. Nobody changes it.
	Group *Group
}

// View is all that a Policy may know when it decides.
type View struct {
	Now    time.Time
	Latest Observation
	// History holds earlier observations, oldest first, bounded, without Latest. It reaches back at least
	// Needs.History once this process has observed for that long; a fresh process has none.
	History []Observation
}

// Needs says what must be observed for a policy, and no more.
type Needs struct {
	// LogStart asks for the log start offset of every partition.
	LogStart bool
	// LogStartWithoutCommit asks for the log start offset of the partitions that have no committed offset.
	LogStartWithoutCommit bool
	// LogStartPastEnd asks for the log start offset of the partitions whose commit lies past the log end, where a consumer
	// resumes.
	LogStartPastEnd bool
	// ReadCommitted makes End the last stable offset, and leaves what was aborted out of Records.
	ReadCommitted bool
	// Phantom asks for Records, as far as they are to be had.
	Phantom bool
	// OldestRecord asks for Records up to the first one; without them there is no observation.
	OldestRecord bool
	// Shown asks for log starts, and for Records up to the first one as far as they are to be had, so that people can see them. No
	// rule needs it.
	Shown bool
	// Since are the ages for which the first record that is no older is asked for, in ascending order.
	Since []time.Duration
	// History is how far back View.History must reach; zero when no rule looks back.
	History time.Duration
	// Pace asks for what a consumer gets done (Group.Pace).
	Pace bool
	// Consumers asks for the group's members while it has lag, ConsumersAtRest without lag as well.
	Consumers, ConsumersAtRest bool
	// Standing asks for the partitions whose commits stand still (Group.Standing), and says for how long they may without being
	// noticed; zero when no rule asks.
	Standing time.Duration
}

// Only gives the observation as it would be had nothing more been asked for, so that what is shown decides nothing. It leaves o as
// it is.
func (o Observation) Only(needs Needs) Observation {
	partitions := make([]Partition, len(o.Partitions))
	for i, p := range o.Partitions {
		if !needs.startOf(p) {
			p.Start, p.HasStart = 0, false
		}
		if p.records() != nil && !needs.Phantom && !needs.OldestRecord {
			p.Facts = &Facts{Since: p.Facts.Since}
		}
		partitions[i] = p
	}
	o.Partitions = partitions
	return o
}

// startOf reports whether the log start offset of a partition is needed.
func (n Needs) startOf(p Partition) bool {
	return n.LogStart || n.LogStartWithoutCommit && !p.HasCommitted || n.LogStartPastEnd && p.PastEnd() > 0
}

// Members says whether the group's members have to be known.
func (n Needs) Members() bool { return n.Pace || n.Consumers || n.Standing > 0 }
