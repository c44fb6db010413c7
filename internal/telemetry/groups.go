package telemetry

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/lagwise/lagwise/scalers/kafka/cluster"
	"github.com/lagwise/lagwise/scalers/lag"
)

// Groups tell how far every consumer group got that some trigger counts.
type Groups interface {
	Progress() []cluster.Progress
}

// Detail is how finely the lag of groups is listed.
type Detail string

// The details, each with what the one before it has.
const (
	DetailNone      Detail = "none"
	DetailTopic     Detail = "topic"
	DetailPartition Detail = "partition"
)

func groupRows(names []groupNames) []Row {
	rows := []Row{
		{"lagwise_groups_left_out", Gauge, nil, "Pairs of group and topic that are not listed, because there are more than limits.metrics."},
		{"lagwise_group_partitions_left_out", Gauge, nil, "Partitions of the listed groups that are not listed, for the same reason."},
	}
	for _, as := range names {
		rows = append(rows, as.rows()...)
	}
	return rows
}

// groupTopic is a group's part in a topic.
type groupTopic struct{ connection, group, topic string }

func (a groupTopic) compare(b groupTopic) int {
	return cmp.Or(cmp.Compare(a.connection, b.connection), cmp.Compare(a.group, b.group), cmp.Compare(a.topic, b.topic))
}

// position is where a group is in a topic, by the newest observation of it.
type position struct {
	at         time.Time
	partitions []lag.Partition
	// timed is the newest observation with the times of records, which only some triggers ask for.
	timed timed
}

// positions put together what several triggers know of the same group and topic. Names that look alike as labels are one.
func positions(progress []cluster.Progress) map[groupTopic]position {
	known := map[groupTopic]position{}
	for _, p := range progress {
		connection, group := label(p.Connection), label(p.Group)
		for partitions := p.Observation.Partitions; len(partitions) > 0; {
			topic, same := partitions[0].Topic, 1
			for same < len(partitions) && partitions[same].Topic == topic {
				same++
			}
			at := groupTopic{connection, group, label(topic)}
			known[at] = known[at].newer(p.Observation.At, partitions[:same])
			partitions = partitions[same:]
		}
	}
	return known
}

// newer is what is known with one observation more.
func (p position) newer(at time.Time, partitions []lag.Partition) position {
	if at.After(p.at) {
		p.at, p.partitions = at, partitions
	}
	if at.After(p.timed.at) && hasTimes(partitions) {
		p.timed = timed{at, partitions}
	}
	return p
}

// walkGroups lists at most limit pairs of group and topic, and at most limit partitions of them, in the order of names.
func walkGroups(groups Groups, detail Detail, names []groupNames, limit int) func(sink) {
	return func(to sink) {
		known := positions(groups.Progress())
		ordered := slices.SortedFunc(maps.Keys(known), groupTopic.compare)
		listed := map[groupTopic]position{}
		partitions, pastEnd := 0, 0
		for _, at := range ordered[:min(limit, len(ordered))] {
			listed[at] = known[at]
			for _, as := range names {
				as.putTopic(to, at, known[at])
			}
			pastEnd += names[0].putPastEnd(to, at, known[at].partitions, limit-pastEnd)
			if detail == DetailPartition {
				putPartitions(to, names, at, known[at], limit-partitions)
				partitions += len(known[at].partitions)
			}
		}
		for _, as := range names {
			as.putEnds(to, listed, detail, limit)
		}
		to.put("lagwise_groups_left_out", float64(len(ordered)-len(listed)))
		to.put("lagwise_group_partitions_left_out", float64(max(0, partitions-limit)))
	}
}

func putPartitions(to sink, names []groupNames, at groupTopic, position position, most int) {
	first := func(partitions []lag.Partition) []lag.Partition {
		return partitions[:max(0, min(most, len(partitions)))]
	}
	for _, as := range names {
		for _, p := range first(position.partitions) {
			as.putPartition(to, at, p)
		}
		as.putSeconds(to, at, timed{position.timed.at, first(position.timed.partitions)})
	}
}

// behind is a group's lag in one partition: false where it has committed nothing, and so nobody can know.
func behind(p lag.Partition) (records int64, known bool) {
	return max(0, p.End-p.Committed), p.HasCommitted
}

func partitionLabel(id int32) string { return strconv.Itoa(int(id)) }
