//go:build kafka

package kafka_test

import (
	"testing"

	"github.com/lagwise/lagwise/scalers"
	"github.com/lagwise/lagwise/scalers/kafka/cluster"
)

func TestLagFollowsAConsumerGroup(t *testing.T) {
	t.Parallel()
	kafka := operatorOf(t, shared)
	topic, group := kafka.topic(t, 3), fresh(t)
	kafka.produce(t, topic, 0, 10)
	kafka.produce(t, topic, 1, 20)
	kafka.produce(t, topic, 2, 30)
	kafka.consume(t, group, topic, 60)

	trigger := startLagwise(t, cluster.Options{}).trigger(t, on(at(shared.Address()), group, topic))
	answers(t, trigger, 0, false)

	kafka.produce(t, topic, 0, 1)
	kafka.produce(t, topic, 1, 2)
	kafka.produce(t, topic, 2, 4)
	answers(t, trigger, 7, true)

	kafka.consume(t, group, topic, 7)
	answers(t, trigger, 0, false)
}

func TestPartitionLimitation(t *testing.T) {
	t.Parallel()
	kafka := operatorOf(t, shared)
	topic, group := kafka.topic(t, 4), fresh(t)
	for partition, records := range []int{1, 10, 100, 1000} {
		kafka.produce(t, topic, int32(partition), records)
		kafka.commit(t, group, topic, int32(partition), 0)
	}
	lagwise := startLagwise(t, cluster.Options{})

	some := lagwise.trigger(t, on(at(shared.Address()), group, topic, "partitionLimitation", "0,2-3"))
	answers(t, some, 1101, true)

	none := lagwise.trigger(t, on(at(shared.Address()), group, topic, "partitionLimitation", "7"))
	fails(t, none, scalers.CauseNotFound, topic, "partitionLimitation", "0-3")
}

func TestActivationThreshold(t *testing.T) {
	t.Parallel()
	kafka := operatorOf(t, shared)
	topic, group := kafka.topic(t, 1), fresh(t)
	kafka.produce(t, topic, 0, 5)
	kafka.commit(t, group, topic, 0, 0)
	trigger := startLagwise(t, cluster.Options{}).trigger(t,
		on(at(shared.Address()), group, topic, "activationLagThreshold", "5"))

	answers(t, trigger, 5, false)
	kafka.produce(t, topic, 0, 1)
	answers(t, trigger, 6, true)
}
