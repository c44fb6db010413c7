//go:build kafka

package kafka_test

import (
	"testing"
	"time"

	"github.com/lagwise/lagwise/scalers/kafka/cluster"
)

// A lagwise that has just started knows by timestamp when the last record came, and sees a commit move later on.
func TestReplicasAreHeldUntilQuiet(t *testing.T) {
	t.Parallel()
	kafka := operatorOf(t, shared)
	topic, group := kafka.topic(t, 1), fresh(t)
	kafka.commit(t, group, topic, 0, 3)
	kafka.produce(t, topic, 0, 3)
	trigger := startLagwise(t, cluster.Options{}).trigger(t,
		on(at(shared.Address()), group, topic, "quietPeriod", "20s", "holdReplicas", "2"))
	answers(t, trigger, 2*1000, true)
	answersWithin(t, 2*time.Minute, trigger, 0, false)

	kafka.commit(t, group, topic, 0, 2)
	answersWithin(t, 2*time.Minute, trigger, 2*1000, true)
	kafka.commit(t, group, topic, 0, 3)
	answersWithin(t, 2*time.Minute, trigger, 0, false)
}
