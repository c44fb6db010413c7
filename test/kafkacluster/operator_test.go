//go:build kafka

package kafkacluster_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/lagwise/lagwise/test/realkafka"
)

const (
	// patience is how long tests wait for what must happen; only failing tests wait so long.
	patience = time.Minute
	// glance is the pause between two looks at what must happen.
	glance = 100 * time.Millisecond
)

// operator administers a cluster over the listener that lagwise does not use.
type operator struct {
	client *kgo.Client
	admin  *kadm.Client
}

func newOperator(t *testing.T, cluster *realkafka.Cluster) *operator {
	t.Helper()
	client, err := kgo.NewClient(
		kgo.SeedBrokers(cluster.InternalAddresses()...),
		kgo.RecordPartitioner(kgo.ManualPartitioner()),
		kgo.ProducerLinger(0),
		kgo.MetadataMinAge(200*time.Millisecond),
		kgo.RequestTimeoutOverhead(3*time.Second), // a frozen broker does not answer
		kgo.RetryTimeout(patience),
	)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return &operator{client: client, admin: kadm.NewClient(client)}
}

// createTopic makes a topic whose partitions have these replicas, the preferred leader first. Kafka makes topics whose
// partitions have equally many replicas, and lets an operator take some away.
func (o *operator) createTopic(t *testing.T, topic string, settings map[string]string, replicas ...[]int32) {
	t.Helper()
	specification := kmsg.NewCreateTopicsRequestTopic()
	specification.Topic, specification.NumPartitions, specification.ReplicationFactor = topic, -1, -1
	fewer := map[int32][]int32{}
	for i, brokers := range replicas {
		if slices.ContainsFunc(replicas, func(other []int32) bool { return len(other) > len(brokers) }) {
			fewer[int32(i)] = brokers //nolint:gosec // a handful
			brokers = replicated(brokers[0])
		}
		assignment := kmsg.NewCreateTopicsRequestTopicReplicaAssignment()
		assignment.Partition, assignment.Replicas = int32(i), brokers
		specification.ReplicaAssignment = append(specification.ReplicaAssignment, assignment)
	}
	for key, value := range settings {
		config := kmsg.NewCreateTopicsRequestTopicConfig()
		config.Name, config.Value = key, &value
		specification.Configs = append(specification.Configs, config)
	}
	request := kmsg.NewPtrCreateTopicsRequest()
	request.TimeoutMillis, request.Topics = 20_000, append(request.Topics, specification)
	answer, err := request.RequestWith(t.Context(), o.client)
	if err == nil {
		err = kerr.ErrorForCode(answer.Topics[0].ErrorCode)
	}
	if err != nil {
		t.Fatalf("create topic %s: %v", topic, err)
	}
	if len(fewer) > 0 {
		o.reassign(t, topic, fewer)
	}
}

// produce writes n records to a partition and returns when every replica in sync has them.
func (o *operator) produce(ctx context.Context, topic string, partition int32, n int) error {
	records := make([]*kgo.Record, n)
	for i := range records {
		records[i] = &kgo.Record{Topic: topic, Partition: partition, Value: []byte("record")}
	}
	if err := o.client.ProduceSync(ctx, records...).FirstErr(); err != nil {
		return fmt.Errorf("produce to partition %d of %s: %w", partition, topic, err)
	}
	return nil
}

// ends returns the log end of every partition of a topic.
func (o *operator) ends(t *testing.T, topic string) []int64 {
	t.Helper()
	listed, err := o.admin.ListEndOffsets(t.Context(), topic)
	if err == nil {
		err = listed.Error()
	}
	if err != nil {
		t.Fatalf("list the ends of %s: %v", topic, err)
	}
	ends := make([]int64, len(listed[topic]))
	for partition, end := range listed[topic] {
		ends[partition] = end.Offset
	}
	return ends
}

// commit sets a group's committed offsets in every partition of a topic.
func (o *operator) commit(ctx context.Context, group, topic string, offsets ...int64) error {
	commits := kadm.Offsets{}
	for partition, offset := range offsets {
		commits.AddOffset(topic, int32(partition), offset, -1) //nolint:gosec // a handful
	}
	for {
		answer, err := o.admin.CommitOffsets(ctx, group, commits)
		if err == nil {
			err = answer.Error()
		}
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("commit of %s in %s: %w", group, topic, err)
		case <-time.After(glance):
		}
	}
}

// reassign gives the partitions of a topic other replicas, the preferred leader first.
func (o *operator) reassign(t *testing.T, topic string, replicas map[int32][]int32) {
	t.Helper()
	var request kadm.AlterPartitionAssignmentsReq
	for partition, brokers := range replicas {
		request.Assign(topic, partition, brokers)
	}
	answer, err := o.admin.AlterPartitionAssignments(context.WithoutCancel(t.Context()), request) // also when the test is over
	if err == nil {
		err = answer.Error()
	}
	if err != nil {
		t.Fatalf("reassign %s: %v", topic, err)
	}
}

// electPreferred makes the first replica of every partition of a topic its leader.
func (o *operator) electPreferred(t *testing.T, topic string, partitions ...int32) {
	t.Helper()
	var set kadm.TopicsSet
	set.Add(topic, partitions...)
	answers, err := o.admin.ElectLeaders(t.Context(), kadm.ElectPreferredReplica, set)
	if err != nil {
		t.Fatalf("elect the preferred leaders of %s: %v", topic, err)
	}
	for _, partition := range answers[topic] {
		if partition.Err != nil && !errors.Is(partition.Err, kerr.ElectionNotNeeded) {
			t.Fatalf("elect the preferred leader of partition %d of %s: %v", partition.Partition, topic, partition.Err)
		}
	}
}

// awaitPreferred returns once every replica of every partition is in sync and the first one leads.
func (o *operator) awaitPreferred(t *testing.T) {
	t.Helper()
	o.awaitPartitions(t, func(partition kadm.PartitionDetail) error {
		if partition.Leader != partition.Replicas[0] {
			return fmt.Errorf("broker %d leads, want the first of the replicas %v", partition.Leader, partition.Replicas)
		}
		return allInSync(partition)
	})
}

func allInSync(partition kadm.PartitionDetail) error {
	if len(partition.ISR) != len(partition.Replicas) {
		return fmt.Errorf("in sync are %v of the replicas %v", partition.ISR, partition.Replicas)
	}
	return nil
}

// awaitPartitions looks at all partitions, internal ones too, until there is nothing to complain about.
func (o *operator) awaitPartitions(t *testing.T, complaint func(kadm.PartitionDetail) error) {
	t.Helper()
	eventually(t, patience, func(ctx context.Context) error {
		topics, err := o.admin.ListTopicsWithInternal(ctx)
		if err != nil {
			return fmt.Errorf("describe the topics: %w", err)
		}
		for _, topic := range topics {
			for _, partition := range topic.Partitions {
				if err := errors.Join(topic.Err, partition.Err, complaint(partition)); err != nil {
					return fmt.Errorf("partition %d of %s: %w", partition.Partition, topic.Topic, err)
				}
			}
		}
		return nil
	})
}

// activeController returns the node id of the controller that leads the quorum.
func (o *operator) activeController(t *testing.T) (id int32) {
	t.Helper()
	eventually(t, patience, func(ctx context.Context) error {
		topic := kmsg.NewDescribeQuorumRequestTopic()
		topic.Topic = "__cluster_metadata"
		topic.Partitions = append(topic.Partitions, kmsg.NewDescribeQuorumRequestTopicPartition())
		request := kmsg.NewPtrDescribeQuorumRequest()
		request.Topics = append(request.Topics, topic)
		answer, err := request.RequestWith(ctx, o.client)
		if err != nil {
			return fmt.Errorf("describe the quorum: %w", err)
		}
		if answer.ErrorCode != 0 || len(answer.Topics) != 1 || len(answer.Topics[0].Partitions) != 1 {
			return fmt.Errorf("describe the quorum: error code %d", answer.ErrorCode)
		}
		id = answer.Topics[0].Partitions[0].LeaderID
		return nil
	})
	return id
}

// groupOn returns a name that starts with the prefix, of a group whose coordinator is the leader of the given partition of
// __consumer_offsets (GroupMetadataManager.partitionFor).
func groupOn(prefix string, partition int32) string {
	for n := 0; ; n++ {
		name := fmt.Sprintf("%s-%d", prefix, n)
		var hash int32 // as Java's String.hashCode
		for _, letter := range []byte(name) {
			hash = 31*hash + int32(letter)
		}
		if (hash&0x7fffffff)%offsetsPartitions == partition {
			return name
		}
	}
}

func others(broker int32) []int32 {
	return slices.DeleteFunc([]int32{1, 2, 3}, func(other int32) bool { return other == broker })
}

// eventually looks until there is nothing to complain about. One look has 5 seconds.
func eventually(t *testing.T, within time.Duration, complaint func(ctx context.Context) error) {
	t.Helper()
	deadline := time.Now().Add(within)
	for {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		err := complaint(ctx)
		cancel()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("after %s still: %v", within, err)
		}
		time.Sleep(glance)
	}
}
