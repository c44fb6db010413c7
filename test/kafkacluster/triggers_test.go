//go:build kafka

package kafkacluster_test

import (
	"fmt"
	"slices"
	"strconv"
)

// What the triggers stand on. Every topic and every partition of __consumer_offsets has its place on purpose: what is
// replicated to three brokers fails over to a living one, what has one replica is away with its broker.
const (
	offsetsTopic = "__consumer_offsets"
	// offsetsPartitions is the number of partitions of __consumer_offsets: the first replicatedOffsets of them have three
	// replicas, and of the others one is on each broker alone.
	offsetsPartitions, replicatedOffsets = 12, 9

	spreadTopic                      = "spread" // six partitions, three replicas each, led by each broker in turn
	spreadPartitions                 = 6
	recordsPerPartition              = 100
	fewSessions                      = 6
	manyGroups, orphanGroups         = 100, 33
	manySession, besideSession       = "many", "beside"
	wakePartitions             int32 = 3
)

// onlyTopic has two partitions, both on this broker alone.
func onlyTopic(broker int32) string { return fmt.Sprintf("only-%d", broker) }

// splitTopic has partition 0 on this broker alone, and partition 1 on all brokers, led by the next one.
func splitTopic(broker int32) string { return fmt.Sprintf("split-%d", broker) }

// wakeTopic has three partitions with three replicas each. Push triggers of one session wait there.
func wakeTopic(session int) string { return fmt.Sprintf("wake-%d", session) }

func next(broker int32) int32 { return broker%3 + 1 }

// replicated is a list of all brokers' ids, this one first.
func replicated(broker int32) []int32 { return []int32{broker, next(broker), next(next(broker))} }

// fewSession is the name of the connection of a session with few groups, counted from 1.
func fewSession(n int) string { return fmt.Sprintf("few-%d", n) }

// group is a consumer group with its commits: it is behind by as many records in every partition.
type group struct {
	name        string
	coordinator int32
	// alone says that no other broker can take over the coordinator's part.
	alone  bool
	behind int
}

// groupOf is a group whose coordinator is this broker, and another one when the broker is away.
func groupOf(prefix string, broker int32, behind int) group {
	return group{name: groupOn(prefix, broker-1), coordinator: broker, behind: behind}
}

// orphanOf is a group that has no coordinator while the broker is away.
func orphanOf(prefix string, broker int32, behind int) group {
	return group{name: groupOn(prefix, replicatedOffsets+broker-1), coordinator: broker, alone: true, behind: behind}
}

// trigger is one trigger and what is known about its right answers.
type trigger struct {
	session, name, group, topic string
	more                        map[string]string
	// value is the lag.
	value float64
	// touches are the brokers that lead a partition or coordinate the group while all brokers are there; needs are those of
	// them that no other broker can stand in for.
	touches, needs []int32
	// missing is what the error names when a broker of needs is away.
	missing string
}

func newTrigger(session, topic string, of group, partitions int, leaders, alone []int32, more ...string) trigger {
	made := trigger{
		session: session, name: fmt.Sprintf("%s/%s/%s", session, topic, of.name), group: of.name, topic: topic,
		more: map[string]string{}, value: float64(partitions * of.behind),
		touches: append(slices.Clone(leaders), of.coordinator), needs: slices.Clone(alone), missing: topic,
	}
	if of.alone {
		made.needs, made.missing = append(made.needs, of.coordinator), of.name
	}
	for i := 0; i < len(more); i += 2 {
		made.more[more[i]] = more[i+1]
		made.name += "/" + more[i+1]
	}
	return made
}

func spreadTrigger(session string, of group, more ...string) trigger {
	return newTrigger(session, spreadTopic, of, spreadPartitions, []int32{1, 2, 3}, nil, more...)
}

func onlyTrigger(session string, of group, broker int32) trigger {
	return newTrigger(session, onlyTopic(broker), of, 2, []int32{broker}, []int32{broker})
}

// splitTrigger counts partition 1 alone.
func splitTrigger(session string, of group, broker int32) trigger {
	return newTrigger(session, splitTopic(broker), of, 1, []int32{next(broker)}, nil, "partitionLimitation", "1")
}

// fewTriggers are what a session with few groups has: one group for each coordinator.
func fewTriggers(session string, groups []group) (all []trigger) {
	for _, of := range groups {
		all = append(all, spreadTrigger(session, of), splitTrigger(session, of, next(of.coordinator)))
		for broker := int32(1); broker <= 3; broker++ {
			all = append(all, onlyTrigger(session, of, broker))
		}
	}
	return all
}

// population is every group with commits, and every trigger.
func population() (groups []group, triggers []trigger) {
	var few, many, orphans []group
	for broker := int32(1); broker <= 3; broker++ {
		few = append(few, groupOf("few-groups", broker, int(broker)))
		for n := range orphanGroups {
			orphans = append(orphans, orphanOf("orphan-"+strconv.Itoa(n), broker, 1+n%5))
		}
	}
	for n := range manyGroups {
		many = append(many, groupOf("many-"+strconv.Itoa(n), int32(n%3)+1, 1+n%7))
	}
	for n := range fewSessions {
		triggers = append(triggers, fewTriggers(fewSession(n+1), few)...)
	}
	for n, of := range many {
		if n%3 == 0 { // its members are asked for, too
			triggers = append(triggers, spreadTrigger(manySession, of, "onStall", "report"))
			continue
		}
		triggers = append(triggers, spreadTrigger(manySession, of))
	}
	triggers = append(triggers, fewTriggers(besideSession, few)...)
	for _, of := range orphans {
		triggers = append(triggers, spreadTrigger(besideSession, of))
	}
	return slices.Concat(few, many, orphans), triggers
}
