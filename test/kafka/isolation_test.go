//go:build kafka

package kafka_test

import (
	"context"
	"strings"
	"testing"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"

	"github.com/lagwise/lagwise/scalers"
	"github.com/lagwise/lagwise/scalers/kafka/cluster"
)

// Trouble of one trigger is its own: the others on the same session go on being observed as if it were not there.
func TestTroubleOfOthers(t *testing.T) {
	t.Parallel()
	p := withoutRights(t)
	p.describeTopic(t, p.topic)
	p.describeGroup(t)
	absent, denied, deniedGroup := fresh(t), p.operator.topic(t, 1), fresh(t)
	p.describeTopic(t, absent)
	p.operator.commit(t, deniedGroup, p.topic, 0, 0)

	good := p.trigger(t)
	answers(t, good, 3, true)
	others := map[string]scalers.Scaler{
		absent:      p.lagwise.trigger(t, on(by(p.connection), p.group, absent)),
		denied:      p.lagwise.trigger(t, on(by(p.connection), p.group, denied)),
		deniedGroup: p.lagwise.trigger(t, on(by(p.connection), deniedGroup, p.topic)),
	}
	refreshes(t, good, 5)
	fails(t, others[absent], scalers.CauseNotFound, absent)
	fails(t, others[denied], scalers.CauseDenied, denied)
	fails(t, others[deniedGroup], scalers.CauseDenied, deniedGroup)
	refreshes(t, good, 5)

	p.operator.produce(t, p.topic, 0, 4)
	answers(t, good, 7, true)

	// Each mends by itself as well.
	p.describeTopic(t, denied)
	answers(t, others[denied], 1, true)
	p.operator.allow(t, reader, kafka.ACLOperationDescribe, kafka.ResourceGroup, deniedGroup)
	answers(t, others[deniedGroup], 9, true)
}

// What Kafka would choke on never gets there: librdkafka fails a whole batch for one illegal name.
func TestBadInputNeverReachesKafka(t *testing.T) {
	t.Parallel()
	operator := operatorOf(t, shared)
	topic, group := operator.topic(t, 1), fresh(t)
	operator.commit(t, group, topic, 0, 0)
	lagwise := startLagwise(t, cluster.Options{})
	good := lagwise.trigger(t, on(at(shared.Address()), group, topic))
	answers(t, good, 0, false)

	nobodyAsks, cancel := context.WithCancel(t.Context()) // an answer that needs Kafka is not waited for
	cancel()
	for name, metadata := range map[string]map[string]string{
		"topic with a space":      on(at(shared.Address()), group, "two words"),
		"topic with an umlaut":    on(at(shared.Address()), group, "bücher"),
		"topic of two dots":       on(at(shared.Address()), group, ".."),
		"topic too long":          on(at(shared.Address()), group, strings.Repeat("x", 250)),
		"topic with a zero byte":  on(at(shared.Address()), group, "a\x00b"),
		"illegal topic in a list": on(at(shared.Address()), group, topic+",two words"),
		"no topic in a list":      on(at(shared.Address()), group, ",,"),
		"group with a zero byte":  on(at(shared.Address()), "a\x00b", topic),
		"group too long":          on(at(shared.Address()), strings.Repeat("x", 40_000), topic),
		"no group":                on(at(shared.Address()), "", topic),
		"broker without a port":   on(at("localhost"), group, topic),
		"broker with a path":      on(at("localhost:9092/x"), group, topic),
		"unknown connection":      on(map[string]string{"connection": "nobody"}, group, topic),
		"credentials":             on(at(shared.Address()), group, topic, "password", "hunter2"),
	} {
		_, err := lagwise.trigger(t, metadata).Evaluate(nobodyAsks)
		if complaint := misses(err, scalers.CauseRefused); complaint != nil {
			t.Errorf("%s: %v", name, complaint)
		}
	}
	refreshes(t, good, 5)
}

// Names that Kafka allows are no trouble, however odd.
func TestOddNames(t *testing.T) {
	t.Parallel()
	operator := operatorOf(t, shared)
	lagwise := startLagwise(t, cluster.Options{})
	long := strings.Repeat("x", 249-len(fresh(t)))
	for _, names := range []struct{ topic, group string }{
		{fresh(t) + long, fresh(t)},
		{fresh(t) + ".with.dots", "spaces and ümlauts: " + fresh(t)},
		{fresh(t), strings.Repeat("y", 5000) + fresh(t)},
		{fresh(t), `"quoted" %s {{ }} \n` + fresh(t)},
	} {
		operator.createTopic(t, names.topic, 1)
		operator.produce(t, names.topic, 0, 2)
		operator.commit(t, names.group, names.topic, 0, 0)
		answers(t, lagwise.trigger(t, on(at(shared.Address()), names.group, names.topic)), 2, true)
	}
}
