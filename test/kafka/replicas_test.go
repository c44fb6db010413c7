//go:build kafka

package kafka_test

import (
	"testing"

	"github.com/lagwise/lagwise/scalers/kafka/cluster"
)

// Replicas of lagwise share nothing but Kafka, and that is enough for them to agree.
func TestReplicasAgree(t *testing.T) {
	t.Parallel()
	kafka := operatorOf(t, shared)
	topic, group := kafka.topic(t, 2), fresh(t)
	metadata := on(at(shared.Address()), group, topic, "activationLagThreshold", "3")
	first := startLagwise(t, cluster.Options{}).trigger(t, metadata)
	second := startLagwise(t, cluster.Options{}).trigger(t, metadata)
	both := func(value float64, active bool) {
		t.Helper()
		answers(t, first, value, active)
		answers(t, second, value, active)
	}

	both(2, false) // no commits yet
	kafka.produce(t, topic, 0, 5)
	kafka.commit(t, group, topic, 0, 0)
	kafka.commit(t, group, topic, 1, 0)
	both(5, true)
	kafka.consume(t, group, topic, 2)
	both(3, false)
	kafka.growTo(t, topic, 3)
	both(4, true)
}
