//go:build kafka

package kafkacluster_test

import (
	"fmt"
	"slices"
	"strconv"
)

// The partitions of every topic, __consumer_offsets included, are placed explicitly. What has three replicas fails over when a
// broker leaves; what has one replica becomes unavailable with its broker.
const (
	offsetsTopic = "__consumer_offsets"
	// offsetsPartitions is the number of partitions of __consumer_offsets. The first replicatedOffsets of them have three
	// replicas. The others have one replica, on broker 1, 2 and 3.
	offsetsPartitions, replicatedOffsets = 12, 9

	// spreadTopic has six partitions with three replicas each.
	spreadTopic, spreadPartitions = "spread", 6

	pushPartitions = int32(3)

	recordsPerPartition = 100
)

// The sessions, one for each connection. Six of them are alike, because the outcome of a broker's death varies.
const (
	fewSessions  = 6
	manySession  = "many"
	manyGroups   = 100
	stuckSession = "stuck"
	// stuckGroups is the number of groups on each broker whose coordinator has no other replica. They are more than lagwise asks
	// for at the same time.
	stuckGroups = 33
)

// onlyTopic returns the name of a topic with two partitions, both with one replica, on this broker.
func onlyTopic(broker int32) string { return fmt.Sprintf("only-%d", broker) }

// splitTopic returns the name of a topic whose partition 0 has one replica, on this broker. Partition 1 has three replicas, and
// the next broker leads it.
func splitTopic(broker int32) string { return fmt.Sprintf("split-%d", broker) }

// pushTopic returns the name of a topic for the n-th stream. It has three partitions with three replicas each.
func pushTopic(n int) string { return fmt.Sprintf("push-%d", n) }

func next(broker int32) int32 { return broker%3 + 1 }

// allBrokers returns all brokers' ids, the given one first.
func allBrokers(first int32) []int32 { return []int32{first, next(first), next(next(first))} }

// fewSession returns the name of the n-th session with few groups.
func fewSession(n int) string { return fmt.Sprintf("few-%d", n) }

// group is a consumer group with the same lag in every partition that it has committed.
type group struct {
	name        string
	coordinator int32
	// replicated reports whether another broker becomes the coordinator when this one leaves.
	replicated bool
	lag        int
}

func replicatedGroup(prefix string, coordinator int32, lag int) group {
	return group{name: groupOn(prefix, coordinator-1), coordinator: coordinator, replicated: true, lag: lag}
}

func unreplicatedGroup(prefix string, coordinator int32, lag int) group {
	return group{name: groupOn(prefix, replicatedOffsets+coordinator-1), coordinator: coordinator, lag: lag}
}

// groupOn returns the name of a group whose coordinator is the leader of the given partition of __consumer_offsets. Kafka takes the
// absolute value of the name's hash (org.apache.kafka.common.utils.Utils.abs).
func groupOn(prefix string, partition int32) string {
	for n := 0; ; n++ {
		name := fmt.Sprintf("%s-%d", prefix, n)
		var hash int32 // as Java's String.hashCode
		for _, letter := range []byte(name) {
			hash = 31*hash + int32(letter)
		}
		if max(hash, -hash)%offsetsPartitions == partition {
			return name
		}
	}
}

// trigger is one trigger and what it must return.
type trigger struct {
	session, name, group, topic string
	more                        map[string]string // further metadata
	value                       float64
	// uses are the brokers that lead one of its partitions or coordinate its group while all brokers run. needs are those of
	// them that no other broker can replace.
	uses, needs []int32
	// cause is what the error names when a broker of needs is away.
	cause string
}

// newTrigger returns a trigger that counts so many partitions. Leaders are the partitions' leaders, and unreplicated are those
// whose partition has no other replica.
func newTrigger(session, topic string, of group, partitions int, leaders, unreplicated []int32, more ...string) trigger {
	made := trigger{
		session: session, name: fmt.Sprintf("%s/%s/%s", session, topic, of.name), group: of.name, topic: topic,
		more: map[string]string{}, value: float64(partitions * of.lag),
		uses: append(slices.Clone(leaders), of.coordinator), needs: slices.Clone(unreplicated), cause: topic,
	}
	if !of.replicated {
		made.needs, made.cause = append(made.needs, of.coordinator), of.name
	}
	for i := 0; i < len(more); i += 2 {
		made.more[more[i]] = more[i+1]
		made.name += fmt.Sprintf("/%s=%s", more[i], more[i+1])
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

// fewTriggers returns the triggers of a session with few groups.
func fewTriggers(session string, groups []group) (all []trigger) {
	for _, of := range groups {
		all = append(all, spreadTrigger(session, of), splitTrigger(session, of, next(of.coordinator)))
		for broker := int32(1); broker <= 3; broker++ {
			all = append(all, onlyTrigger(session, of, broker))
		}
	}
	return all
}

// groupsAndTriggers returns every group with commits, and every trigger of every session.
func groupsAndTriggers() (groups []group, triggers []trigger) {
	var few, many, stuck []group
	for broker := int32(1); broker <= 3; broker++ {
		few = append(few, replicatedGroup("replicated", broker, int(broker)))
		for n := range stuckGroups {
			stuck = append(stuck, unreplicatedGroup("stuck-"+strconv.Itoa(n), broker, 1+n%5))
		}
	}
	for n := range manyGroups {
		many = append(many, replicatedGroup("many-"+strconv.Itoa(n), int32(n%3)+1, 1+n%7))
	}
	for n := range fewSessions {
		triggers = append(triggers, fewTriggers(fewSession(n+1), few)...)
	}
	for n, of := range many {
		if n%3 == 0 { // onStall has lagwise describe the group's members
			triggers = append(triggers, spreadTrigger(manySession, of, "onStall", "report"))
			continue
		}
		triggers = append(triggers, spreadTrigger(manySession, of))
	}
	triggers = append(triggers, fewTriggers(stuckSession, few)...)
	for _, of := range stuck {
		triggers = append(triggers, spreadTrigger(stuckSession, of))
	}
	return slices.Concat(few, many, stuck), triggers
}
