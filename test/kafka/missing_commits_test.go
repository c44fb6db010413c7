//go:build kafka

package kafka_test

import (
	"testing"
	"time"

	"github.com/lagwise/lagwise/scalers/kafka/cluster"
)

// Partition 0 has a commit and a lag of 4. Partition 1 has none and holds 10 records, of which retention left 3.
// Partition 2 has none and is empty.
func TestMissingCommits(t *testing.T) {
	t.Parallel()
	kafka := operatorOf(t, shared)
	topic, group := kafka.topic(t, 3), fresh(t)
	kafka.produce(t, topic, 0, 4)
	kafka.commit(t, group, topic, 0, 0)
	kafka.produce(t, topic, 1, 10)
	kafka.dropBefore(t, topic, 1, 7)
	lagwise := startLagwise(t, cluster.Options{})

	for _, test := range []struct {
		name  string
		keys  []string
		value float64
	}{
		{"latest counts one each", nil, 4 + 1 + 1},
		{"earliest counts what the log holds", []string{"offsetResetPolicy", "earliest"}, 4 + 3 + 0},
		{"latest, zero on missing commits", []string{"scaleToZeroOnInvalidOffset", "true"}, 4},
		{"earliest, zero on missing commits", []string{"offsetResetPolicy", "earliest", "scaleToZeroOnInvalidOffset", "true"}, 4},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			answers(t, lagwise.trigger(t, on(at(shared.Address()), group, topic, test.keys...)), test.value, true)
		})
	}
}

func TestGroupThatNeverCommitted(t *testing.T) {
	t.Parallel()
	kafka := operatorOf(t, shared)
	topic, group := kafka.topic(t, 2), fresh(t)
	lagwise := startLagwise(t, cluster.Options{})

	answers(t, lagwise.trigger(t, on(at(shared.Address()), group, topic)), 2, true)
	answers(t, lagwise.trigger(t, on(at(shared.Address()), group, topic, "offsetResetPolicy", "earliest")), 0, false)
	answers(t, lagwise.trigger(t, on(at(shared.Address()), group, topic, "scaleToZeroOnInvalidOffset", "true")), 0, false)
}

// A record wakes a group that never committed. The first lagwise knows of it by its timestamp alone: it has not seen the log
// grow.
func TestNewRecordsWakeAGroupThatNeverCommitted(t *testing.T) {
	t.Parallel()
	kafka := operatorOf(t, shared)
	topic, group := kafka.topic(t, 2), fresh(t)
	kafka.produce(t, topic, 0, 3)
	keys := []string{"scaleToZeroOnInvalidOffset", "true", "activateOn", "newRecords", "newRecordsWithin", "20s"}
	answers(t, startLagwise(t, cluster.Options{}).trigger(t, on(at(shared.Address()), group, topic, keys...)), 0, true)

	lagwise := startLagwise(t, cluster.Options{})
	trigger := lagwise.trigger(t, on(at(shared.Address()), group, topic, keys...))
	answersWithin(t, time.Minute, trigger, 0, false)
	kafka.produce(t, topic, 1, 1)
	answers(t, trigger, 0, true)
	answersWithin(t, time.Minute, trigger, 0, false)
}

func TestCommitBelowTheLogStart(t *testing.T) {
	t.Parallel()
	kafka := operatorOf(t, shared)
	topic, group := kafka.topic(t, 1), fresh(t)
	kafka.produce(t, topic, 0, 20)
	kafka.commit(t, group, topic, 0, 2)
	lagwise := startLagwise(t, cluster.Options{})
	asKEDA := lagwise.trigger(t, on(at(shared.Address()), group, topic))
	clamped := lagwise.trigger(t, on(at(shared.Address()), group, topic, "clampToLogStart", "true"))
	answers(t, asKEDA, 18, true)
	answers(t, clamped, 18, true)

	kafka.dropBefore(t, topic, 0, 15)
	answers(t, clamped, 5, true)
	answers(t, asKEDA, 18, true)

	kafka.dropBefore(t, topic, 0, 20)
	answers(t, clamped, 0, false)
	answers(t, asKEDA, 18, true)
}

// A topic that was created again leaves commits past its end, and Kafka accepts such commits from a group without members.
func TestCommitPastTheLogEnd(t *testing.T) {
	t.Parallel()
	kafka := operatorOf(t, shared)
	topic, group := kafka.topic(t, 2), fresh(t)
	kafka.produce(t, topic, 0, 4)
	kafka.produce(t, topic, 1, 5)
	kafka.commit(t, group, topic, 0, 100)
	kafka.commit(t, group, topic, 1, 0)
	lagwise := startLagwise(t, cluster.Options{})
	answers(t, lagwise.trigger(t, on(at(shared.Address()), group, topic)), 0, false)
	answers(t, lagwise.trigger(t, on(at(shared.Address()), group, topic, "clampToLogStart", "true")), 5, true)
	answers(t, lagwise.trigger(t, on(at(shared.Address()), group, topic, "clampToLogStart", "true", "offsetResetPolicy", "earliest")), 9, true)
}

func TestForgottenGroup(t *testing.T) {
	t.Parallel()
	kafka := operatorOf(t, shared)
	topic, group := kafka.topic(t, 1), fresh(t)
	kafka.produce(t, topic, 0, 9)
	kafka.consume(t, group, topic, 5)
	lagwise := startLagwise(t, cluster.Options{})
	latest := lagwise.trigger(t, on(at(shared.Address()), group, topic))
	earliest := lagwise.trigger(t, on(at(shared.Address()), group, topic, "offsetResetPolicy", "earliest"))
	answers(t, latest, 4, true)
	answers(t, earliest, 4, true)

	kafka.forget(t, group)
	answers(t, latest, 1, true)
	answers(t, earliest, 9, true)
}

// Kafka forgets the commits of a group without members after offsets.retention.minutes, of which one is the least that
// a broker takes.
func TestExpiredCommits(t *testing.T) {
	t.Parallel()
	kafka := operatorOf(t, tidy)
	topic, group := kafka.topic(t, 1), fresh(t)
	kafka.produce(t, topic, 0, 9)
	kafka.consume(t, group, topic, 5)
	lagwise := startLagwise(t, cluster.Options{})
	latest := lagwise.trigger(t, on(at(tidy.Address()), group, topic))
	earliest := lagwise.trigger(t, on(at(tidy.Address()), group, topic, "offsetResetPolicy", "earliest"))
	answers(t, latest, 4, true)

	answersWithin(t, 2*time.Minute, latest, 1, true)
	answers(t, earliest, 9, true)
}
