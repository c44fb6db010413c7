package telemetry

import (
	"maps"
	"slices"

	"github.com/lagwise/lagwise/scalers/lag"
)

// Style is whose names the lag of groups has.
type Style string

// The styles. Lagwise's names are KMinion's with another first word.
const (
	StyleLagwise  Style = "lagwise"
	StyleKMinion  Style = "kminion"        // github.com/redpanda-data/kminion, prometheus/exporter.go
	StyleExporter Style = "kafka_exporter" // github.com/danielqsj/kafka_exporter, kafka_exporter.go
)

// groupNames are the names of one style. An empty one is not told.
type groupNames struct {
	group, topic, partition string // labels

	topicLag, topicSeconds, topicOffset, without    string
	partitionLag, partitionSeconds, partitionOffset string
	partitionPastEnd                                string
	topicEnd, partitionEnd                          string
}

func namesOf(style Style) groupNames {
	if style == StyleExporter {
		return groupNames{
			group: "consumergroup", topic: "topic", partition: "partition",
			topicLag: "kafka_consumergroup_lag_sum", topicOffset: "kafka_consumergroup_current_offset_sum",
			partitionLag: "kafka_consumergroup_lag", partitionOffset: "kafka_consumergroup_current_offset",
			partitionEnd: "kafka_topic_partition_current_offset",
		}
	}
	first := string(style)
	names := groupNames{
		group: "group_id", topic: "topic_name", partition: "partition_id",
		topicLag: first + "_kafka_consumer_group_topic_lag", topicOffset: first + "_kafka_consumer_group_topic_offset_sum",
		partitionLag: first + "_kafka_consumer_group_topic_partition_lag",
		topicEnd:     first + "_kafka_topic_high_water_mark_sum", partitionEnd: first + "_kafka_topic_partition_high_water_mark",
	}
	if style == StyleLagwise {
		names.topicSeconds = "lagwise_kafka_consumer_group_topic_lag_seconds"
		names.partitionSeconds = "lagwise_kafka_consumer_group_topic_partition_lag_seconds"
		names.without = "lagwise_kafka_consumer_group_topic_partitions_without_commit"
		names.partitionPastEnd = "lagwise_kafka_consumer_group_topic_partition_offsets_past_end"
	}
	return names
}

// rows have the connection as one label more than the exporters, because lagwise may watch several clusters.
func (n groupNames) rows() []Row {
	ofTopic := []string{"connection", n.group, n.topic}
	ofPartition := []string{"connection", n.group, n.topic, n.partition}
	all := []Row{
		{n.topicLag, Gauge, ofTopic, "Records that a group has not committed in a topic, in the partitions in which it has committed anything."},
		{n.topicSeconds, Gauge, ofTopic, "For how long the oldest record that a group has not committed in a topic has been there, by its timestamp. Only for groups of which some trigger asks that, by lagTimeThreshold or its like."},
		{n.topicOffset, Gauge, ofTopic, "Sum of a group's committed offsets in a topic."},
		{n.without, Gauge, ofTopic, "Partitions of a topic in which a group has committed nothing, so that its lag is not known."},
		{n.partitionLag, Gauge, ofPartition, "Records that a group has not committed in a partition. Only with metrics.lag: partition."},
		{n.partitionSeconds, Gauge, ofPartition, "The same in a partition. Only with metrics.lag: partition."},
		{n.partitionOffset, Gauge, ofPartition, "A group's committed offset in a partition. Only with metrics.lag: partition."},
		{n.partitionPastEnd, Gauge, ofPartition, "Offsets by which a group's commit lies past the log end of a partition, because the topic was created again or its log truncated: KEDA counts such a partition below zero. Only for such partitions."},
		{n.topicEnd, Gauge, []string{"connection", n.topic}, "Sum of a topic's log end offsets; its rate is what is produced."},
		{n.partitionEnd, Gauge, []string{"connection", n.topic, n.partition}, "A partition's log end offset. Only with metrics.lag: partition."},
	}
	return slices.DeleteFunc(all, func(row Row) bool { return row.Name == "" })
}

func (n groupNames) putTopic(to sink, at groupTopic, position position) {
	var records, offsets, without int64
	for _, p := range position.partitions {
		if more, known := behind(p); known {
			records, offsets = records+more, offsets+p.Committed
		} else {
			without++
		}
	}
	labels := []string{at.connection, at.group, at.topic}
	if without < int64(len(position.partitions)) {
		to.putNamed(n.topicLag, float64(records), labels...)
		to.putNamed(n.topicOffset, float64(offsets), labels...)
	}
	if waits, known := position.timed.oldest(); known {
		to.putNamed(n.topicSeconds, waits.Seconds(), labels...)
	}
	to.putNamed(n.without, float64(without), labels...)
}

func (n groupNames) putPartition(to sink, at groupTopic, p lag.Partition) {
	records, known := behind(p)
	if !known {
		return
	}
	labels := []string{at.connection, at.group, at.topic, partitionLabel(p.ID)}
	to.putNamed(n.partitionLag, float64(records), labels...)
	to.putNamed(n.partitionOffset, float64(p.Committed), labels...)
}

// putPastEnd lists at most so many partitions, and returns how many it has listed.
func (n groupNames) putPastEnd(to sink, at groupTopic, partitions []lag.Partition, most int) (listed int) {
	for _, p := range partitions {
		if past := p.PastEnd(); past > 0 && listed < most {
			to.putNamed(n.partitionPastEnd, float64(past), at.connection, at.group, at.topic, partitionLabel(p.ID))
			listed++
		}
	}
	return listed
}

func (n groupNames) putSeconds(to sink, at groupTopic, timed timed) {
	for _, p := range timed.partitions {
		if waits, known := waiting(p, timed.at); known && p.HasCommitted {
			to.putNamed(n.partitionSeconds, waits.Seconds(), at.connection, at.group, at.topic, partitionLabel(p.ID))
		}
	}
}

// putEnds tells where the topics end that the listed groups read.
func (n groupNames) putEnds(to sink, listed map[groupTopic]position, detail Detail, limit int) {
	newest := map[groupTopic]position{}
	for at, position := range listed {
		at.group = ""
		if before, found := newest[at]; !found || position.at.After(before.at) {
			newest[at] = position
		}
	}
	partitions := 0
	for _, at := range slices.SortedFunc(maps.Keys(newest), groupTopic.compare) {
		var sum int64
		for _, p := range newest[at].partitions {
			sum += p.End
			if partitions++; detail == DetailPartition && partitions <= limit {
				to.putNamed(n.partitionEnd, float64(p.End), at.connection, at.topic, partitionLabel(p.ID))
			}
		}
		to.putNamed(n.topicEnd, float64(sum), at.connection, at.topic)
	}
}

// putNamed leaves out what a style has no name for.
func (s sink) putNamed(name string, value float64, labels ...string) {
	if name != "" {
		s.put(name, value, labels...)
	}
}
