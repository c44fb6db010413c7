//go:build kafka

package kafka_test

import (
	"errors"
	"testing"

	"github.com/lagwise/lagwise/scalers"
	"github.com/lagwise/lagwise/scalers/kafka/cluster"
)

// A misspelt topic must stay absent, even on a broker that makes every topic it is asked for.
func TestTopicsAreNeverCreated(t *testing.T) {
	t.Parallel()
	kafka := operatorOf(t, tidy)
	topic, group := kafka.topic(t, 1), fresh(t)
	kafka.commit(t, group, topic, 0, 0)
	careless := fresh(t)
	eventually(t, patience, func() error { // the broker does what this test is about
		if _, err := kafka.admin.GetMetadata(&careless, false, 20_000); err != nil {
			return err
		}
		if !kafka.topics(t)[careless] {
			return errors.New("a careless client has created no topic")
		}
		return nil
	})

	absent := []string{fresh(t), fresh(t), fresh(t), fresh(t), fresh(t)}
	lagwise := startLagwise(t, cluster.Options{})
	good := lagwise.trigger(t, on(at(tidy.Address()), group, topic))
	single := lagwise.trigger(t, on(at(tidy.Address()), group, absent[0]))
	earliest := lagwise.trigger(t, on(at(tidy.Address()), group, absent[1], "offsetResetPolicy", "earliest", "clampToLogStart", "true"))
	list := lagwise.trigger(t, on(at(tidy.Address()), group, absent[2]+","+absent[3]))
	mixed := lagwise.trigger(t, on(at(tidy.Address()), group, topic+","+absent[3]))
	watch(t, lagwise.trigger(t, on(at(tidy.Address()), group, absent[4])))

	for _, trigger := range []scalers.Scaler{single, earliest, list} {
		fails(t, trigger, scalers.CauseNotFound)
	}
	answers(t, mixed, 0, false)
	refreshes(t, good, 10)
	for _, trigger := range []scalers.Scaler{single, earliest, list} {
		fails(t, trigger, scalers.CauseNotFound)
	}
	existing := kafka.topics(t)
	for _, name := range absent {
		if existing[name] {
			t.Errorf("topic %s was created", name)
		}
	}
}
