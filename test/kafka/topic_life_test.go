//go:build kafka

package kafka_test

import (
	"testing"

	"github.com/lagwise/lagwise/scalers"
	"github.com/lagwise/lagwise/scalers/kafka/cluster"
)

func TestTopicIsDeletedAndMadeAgain(t *testing.T) {
	t.Parallel()
	kafka := operatorOf(t, shared)
	topic, group := kafka.topic(t, 2), fresh(t)
	kafka.produce(t, topic, 0, 50)
	kafka.commit(t, group, topic, 0, 40)
	kafka.commit(t, group, topic, 1, 0)
	trigger := startLagwise(t, cluster.Options{}).trigger(t, on(at(shared.Address()), group, topic))
	answers(t, trigger, 10, true)

	kafka.deleteTopic(t, topic)
	fails(t, trigger, scalers.CauseNotFound, topic)

	// The broker forgets a deleted topic's commits on its own; the group begins anew.
	kafka.createTopic(t, topic, 3)
	kafka.produce(t, topic, 2, 6)
	for partition := range int32(3) {
		kafka.commit(t, group, topic, partition, 0)
	}
	answers(t, trigger, 6, true)
}

func TestTopicIsMadeAfterItsTrigger(t *testing.T) {
	t.Parallel()
	kafka := operatorOf(t, shared)
	topic, group := fresh(t), fresh(t)
	trigger := startLagwise(t, cluster.Options{}).trigger(t, on(at(shared.Address()), group, topic))
	fails(t, trigger, scalers.CauseNotFound, topic)

	kafka.createTopic(t, topic, 1)
	kafka.produce(t, topic, 0, 3)
	kafka.commit(t, group, topic, 0, 1)
	answers(t, trigger, 2, true)
}

func TestTopicGrows(t *testing.T) {
	t.Parallel()
	kafka := operatorOf(t, shared)
	topic, group := kafka.topic(t, 1), fresh(t)
	kafka.commit(t, group, topic, 0, 0)
	kafka.produce(t, topic, 0, 1)
	trigger := startLagwise(t, cluster.Options{}).trigger(t, on(at(shared.Address()), group, topic))
	answers(t, trigger, 1, true)

	kafka.growTo(t, topic, 3)
	answers(t, trigger, 1+1+1, true) // the new partitions have no commit yet

	kafka.produce(t, topic, 2, 5)
	kafka.commit(t, group, topic, 1, 0)
	kafka.commit(t, group, topic, 2, 0)
	answers(t, trigger, 1+0+5, true)
}
