//go:build kafka

package kafka_test

import (
	"testing"
	"time"

	"github.com/lagwise/lagwise/scalers"
	"github.com/lagwise/lagwise/scalers/kafka/cluster"
)

func TestTopicListLeavesAbsentTopicsOut(t *testing.T) {
	t.Parallel()
	kafka := operatorOf(t, shared)
	first, second, absent, group := kafka.topic(t, 1), kafka.topic(t, 2), fresh(t), fresh(t)
	kafka.produce(t, first, 0, 3)
	kafka.produce(t, second, 1, 4)
	kafka.commit(t, group, first, 0, 0)
	kafka.commit(t, group, second, 0, 0)
	kafka.commit(t, group, second, 1, 0)
	lagwise := startLagwise(t, cluster.Options{})

	both := lagwise.trigger(t, on(at(shared.Address()), group, first+", "+second))
	answers(t, both, 7, true)

	some := lagwise.trigger(t, on(at(shared.Address()), group, first+","+absent))
	if answer := answers(t, some, 3, true); !says(answer, absent) {
		t.Errorf("no reason names the absent topic %s: %v", absent, answer.Reasons)
	}

	none := lagwise.trigger(t, on(at(shared.Address()), group, absent+","+absent+"-too"))
	fails(t, none, scalers.CauseNotFound, absent, absent+"-too")
}

func TestTopicOmitted(t *testing.T) {
	t.Parallel()
	kafka := operatorOf(t, shared)
	first, second, group := kafka.topic(t, 1), kafka.topic(t, 2), fresh(t)
	kafka.produce(t, first, 0, 3)
	kafka.produce(t, second, 1, 4)
	trigger := startLagwise(t, cluster.Options{}).trigger(t, on(at(shared.Address()), group, ""))
	if answer := answers(t, trigger, 0, false); !says(answer, "no topic") {
		t.Errorf("no reason tells that the group has no commits: %v", answer.Reasons)
	}

	kafka.commit(t, group, first, 0, 1)
	answers(t, trigger, 2, true)

	kafka.commit(t, group, second, 1, 0)
	answers(t, trigger, 2+4+1, true) // partition 0 of the second topic has no commit
}

// A replica carries 1000 records, and 5 of the second topic.
func TestTopicPatternFollowsNewTopics(t *testing.T) {
	t.Parallel()
	kafka := operatorOf(t, shared)
	prefix, group := fresh(t), fresh(t)
	lagwise := startLagwise(t, cluster.Options{})
	trigger := lagwise.trigger(t, on(at(shared.Address()), group, "", "topicPattern", prefix+"-.*", "lagThresholdByTopic", prefix+"-us=5"))
	answers(t, trigger, 0, false)

	add := func(topic string, records int) {
		kafka.createTopic(t, topic, 1)
		kafka.produce(t, topic, 0, records)
		kafka.commit(t, group, topic, 0, 0)
	}
	add(prefix+"-eu", 4)
	answersWithin(t, time.Minute, trigger, 4, true)
	add(prefix, 50) // does not match
	add(prefix+"-us", 3)
	answersWithin(t, time.Minute, trigger, 4+3*1000/5, true)
	kafka.deleteTopic(t, prefix+"-us")
	answersWithin(t, time.Minute, trigger, 4, true)
}
