//go:build kafka

package kafka_test

import (
	"testing"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"

	"github.com/lagwise/lagwise/scalers"
	"github.com/lagwise/lagwise/scalers/kafka/cluster"
	"github.com/lagwise/lagwise/test/realkafka"
)

// The tests in this file prove the table of docs/kafka-permissions.md, row by row: without an ACL the trigger fails and
// says which topic or group it must not see; with exactly the ACLs of its row it answers.

const reader = "User:" + realkafka.Reader

// permitted is a topic with a lag of 3, a group, and lagwise logged in as a user without rights on either.
type permitted struct {
	operator     *operator
	lagwise      *lagwise
	connection   cluster.Connection
	topic, group string
}

func withoutRights(t *testing.T) permitted {
	t.Helper()
	p := permitted{operator: operatorOf(t, shared), connection: saslOver("payments", cluster.ScramSHA256, realkafka.Reader)}
	p.topic, p.group = p.operator.topic(t, 1), fresh(t)
	p.operator.produce(t, p.topic, 0, 5)
	p.operator.commit(t, p.group, p.topic, 0, 2)
	p.lagwise = startLagwise(t, cluster.Options{}, p.connection)
	return p
}

func (p permitted) trigger(t *testing.T, more ...string) scalers.Scaler {
	t.Helper()
	return p.lagwise.trigger(t, on(by(p.connection), p.group, p.topic, more...))
}

func (p permitted) describeTopic(t *testing.T, topic string) {
	t.Helper()
	p.operator.allow(t, reader, kafka.ACLOperationDescribe, kafka.ResourceTopic, topic)
}

func (p permitted) describeGroup(t *testing.T) {
	t.Helper()
	p.operator.allow(t, reader, kafka.ACLOperationDescribe, kafka.ResourceGroup, p.group)
}

func TestDescribeOnTopicAndGroupSuffices(t *testing.T) {
	t.Parallel()
	p := withoutRights(t)
	trigger := p.trigger(t)
	fails(t, trigger, scalers.CauseDenied, "not authorised", p.topic)

	p.describeTopic(t, p.topic)
	fails(t, trigger, scalers.CauseDenied, "not authorised", p.group)

	p.describeGroup(t)
	answers(t, trigger, 3, true)
}

func TestDescribeOnGroupAloneDoesNotSuffice(t *testing.T) {
	t.Parallel()
	p := withoutRights(t)
	p.describeGroup(t)
	fails(t, p.trigger(t), scalers.CauseDenied, "not authorised", p.topic)
}

// Read implies describe: the ACLs that the consumers have already are enough.
func TestReadOnTopicAndGroupSuffices(t *testing.T) {
	t.Parallel()
	p := withoutRights(t)
	p.operator.allow(t, reader, kafka.ACLOperationRead, kafka.ResourceTopic, p.topic)
	p.operator.allow(t, reader, kafka.ACLOperationRead, kafka.ResourceGroup, p.group)
	answers(t, p.trigger(t), 3, true)
}

func TestLogStartNeedsNoMore(t *testing.T) {
	t.Parallel()
	p := withoutRights(t)
	p.describeTopic(t, p.topic)
	p.describeGroup(t)
	p.operator.dropBefore(t, p.topic, 0, 4)
	answers(t, p.trigger(t, "clampToLogStart", "true"), 1, true)

	p.operator.forget(t, p.group)
	answers(t, p.trigger(t, "offsetResetPolicy", "earliest"), 1, true)
}

func TestMembersNeedNoMore(t *testing.T) {
	t.Parallel()
	p := withoutRights(t)
	p.describeTopic(t, p.topic)
	p.describeGroup(t)
	p.operator.produce(t, p.topic, 0, 5)
	w := &workers{topic: p.topic, group: p.group, protocol: "classic"}
	w.stuck.Store(true)
	w.work(t, 1)
	trigger := p.trigger(t, "lagThreshold", "1", "allowIdleConsumers", "true", "onStall", "hold", "stallAfter", "2s")
	if held := answers(t, trigger, 1, true); !says(held, "with 1 consumer ran") {
		t.Errorf("held at one replica: %v", held.Reasons)
	}
}

func TestWatchNeedsNoMore(t *testing.T) {
	t.Parallel()
	p := withoutRights(t)
	p.describeTopic(t, p.topic)
	p.describeGroup(t)
	seen := watch(t, p.trigger(t))
	seen.until(t, func(e scalers.Evaluation) bool { return e.Value == 3 && e.Active })
}

func TestListNeedsEveryTopic(t *testing.T) {
	t.Parallel()
	p := withoutRights(t)
	other := p.operator.topic(t, 1)
	p.operator.produce(t, other, 0, 10)
	p.operator.commit(t, p.group, other, 0, 0)
	p.describeGroup(t)
	p.describeTopic(t, p.topic)
	list := p.lagwise.trigger(t, on(by(p.connection), p.group, p.topic+","+other))
	fails(t, list, scalers.CauseDenied, "not authorised", other)

	p.describeTopic(t, other)
	answers(t, list, 13, true)
}

// Without topic, Kafka itself leaves out of its answer what may not be described. lagwise cannot tell that anything is
// missing, and neither can KEDA.
func TestTopicOmittedCountsWhatMayBeDescribed(t *testing.T) {
	t.Parallel()
	p := withoutRights(t)
	other := p.operator.topic(t, 1)
	p.operator.produce(t, other, 0, 10)
	p.operator.commit(t, p.group, other, 0, 0)
	trigger := p.lagwise.trigger(t, on(by(p.connection), p.group, ""))
	fails(t, trigger, scalers.CauseDenied, "not authorised", p.group)

	p.describeGroup(t)
	answers(t, trigger, 0, false)

	p.describeTopic(t, other)
	answers(t, trigger, 10, true)

	p.describeTopic(t, p.topic)
	answers(t, trigger, 13, true)
}
