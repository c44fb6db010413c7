package stage

import (
	"context"
	"path/filepath"

	"github.com/lagwise/lagwise/test/e2e/lagwise"
	"github.com/lagwise/lagwise/test/realkafka"
)

// Topic makes a topic and returns its name, which is the given one made the scenario's own. Apply renames the topics of an
// example in the same way.
func (s *Scenario) Topic(name string, partitions int) string {
	s.t.Helper()
	s.Fatal(s.Kafka.createTopic(s.t.Context(), s.own(name), partitions))
	return s.own(name)
}

// TopicName is the name of a topic made by Topic.
func (s *Scenario) TopicName(name string) string { return s.own(name) }

// Group is the group's name made the scenario's own. Apply renames the groups of an example in the same way.
func (s *Scenario) Group(name string) string { return s.own(name) }

func (s *Scenario) own(name string) string { return name + "-" + s.Namespace }

// Produce writes n records to a partition of a topic, as Topic named it, and returns when the broker has them.
func (s *Scenario) Produce(topic string, partition int32, n int) {
	s.t.Helper()
	s.Fatal(s.Kafka.produce(s.t.Context(), topic, partition, n))
}

// Transact writes n records to a partition in one transaction, and returns when it is committed.
func (s *Scenario) Transact(topic string, partition int32, n int) {
	s.t.Helper()
	s.Fatal(s.Kafka.transact(s.t.Context(), topic, partition, n))
}

// Commit sets a group's committed offset, as an operator does; the group must have no members. Both KEDA and lagwise count
// a partition without any commit as lag 1, so a scenario that begins asleep commits offset 0 first.
func (s *Scenario) Commit(group, topic string, partition int32, offset int64) {
	s.t.Helper()
	s.Eventually(brokerPatience, func() error { return s.Kafka.commit(s.t.Context(), group, topic, partition, offset) })
}

// OwnKafka starts a broker that this scenario may kill. It takes ten seconds and 300 MB.
func (s *Scenario) OwnKafka(options realkafka.Options) *Kafka {
	s.t.Helper()
	kafka, err := startKafka(context.WithoutCancel(s.t.Context()), options) // what failed is looked at when the test has ended
	s.Fatal(err)
	s.Kafka = kafka
	s.closers = append(s.closers, s.stage.closing(kafka.close))
	return kafka
}

// OwnLagwise starts a lagwise that this scenario may stop and kill.
func (s *Scenario) OwnLagwise(options lagwise.Options) *lagwise.Instance {
	s.t.Helper()
	instance := s.AnotherLagwise("own", options)
	s.Lagwise = instance
	return instance
}

// AnotherLagwise starts a lagwise beside the one that answers, such as a second replica. Its name is unique in the scenario.
func (s *Scenario) AnotherLagwise(name string, options lagwise.Options) *lagwise.Instance {
	s.t.Helper()
	folder := filepath.Join(s.instances(), name)
	instance, err := lagwise.Start(s.t.Context(), s.stage.file("lagwise"), folder, options)
	s.Fatal(err)
	s.closers = append(s.closers, s.stage.closing(instance.Close))
	return instance
}
