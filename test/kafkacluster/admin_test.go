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
	// timeout is how long tests wait for a condition; only failing tests wait so long.
	timeout = time.Minute
	// checkInterval is the pause between two checks of a condition.
	checkInterval = 100 * time.Millisecond
)

// admin administers a cluster and produces records. It uses the internal listener, so that lagwise's connections are apart.
type admin struct {
	client *kgo.Client
	kadm   *kadm.Client
}

func newAdmin(t *testing.T, cluster *realkafka.Cluster) *admin {
	t.Helper()
	client, err := kgo.NewClient(
		kgo.SeedBrokers(cluster.InternalAddresses()...),
		kgo.RecordPartitioner(kgo.ManualPartitioner()),
		kgo.ProducerLinger(0),
		kgo.MetadataMinAge(200*time.Millisecond),
		kgo.RequestTimeoutOverhead(3*time.Second), // a frozen broker does not respond
		kgo.RetryTimeout(timeout),
	)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return &admin{client: client, kadm: kadm.NewClient(client)}
}

// createTopic creates a topic with the replicas of each partition, the preferred leader first. Kafka requires the same number of
// replicas for all partitions of a new topic, so where the numbers differ the partitions are reassigned afterwards.
func (a *admin) createTopic(t *testing.T, topic string, settings map[string]string, replicas ...[]int32) {
	t.Helper()
	specification := kmsg.NewCreateTopicsRequestTopic()
	specification.Topic, specification.NumPartitions, specification.ReplicationFactor = topic, -1, -1
	fewer := map[int32][]int32{}
	for i, brokers := range replicas {
		if slices.ContainsFunc(replicas, func(other []int32) bool { return len(other) > len(brokers) }) {
			fewer[int32(i)] = brokers
			brokers = allBrokers(brokers[0])
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
	answer, err := request.RequestWith(t.Context(), a.client)
	if err == nil {
		err = kerr.ErrorForCode(answer.Topics[0].ErrorCode)
	}
	if err != nil {
		t.Fatalf("create topic %s: %v", topic, err)
	}
	if len(fewer) > 0 {
		a.reassign(t, topic, fewer)
	}
}

// produce writes n records to a partition and returns when every replica in sync has them.
func (a *admin) produce(ctx context.Context, topic string, partition int32, n int) error {
	records := make([]*kgo.Record, n)
	for i := range records {
		records[i] = &kgo.Record{Topic: topic, Partition: partition, Value: []byte("record")}
	}
	if err := a.client.ProduceSync(ctx, records...).FirstErr(); err != nil {
		return fmt.Errorf("produce to partition %d of %s: %w", partition, topic, err)
	}
	return nil
}

// ends returns the log end of every partition of a topic.
func (a *admin) ends(t *testing.T, topic string) []int64 {
	t.Helper()
	listed, err := a.kadm.ListEndOffsets(t.Context(), topic)
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
func (a *admin) commit(ctx context.Context, group, topic string, offsets ...int64) error {
	commits := kadm.Offsets{}
	for partition, offset := range offsets {
		commits.AddOffset(topic, int32(partition), offset, -1)
	}
	for {
		answer, err := a.kadm.CommitOffsets(ctx, group, commits)
		if err == nil {
			err = answer.Error()
		}
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("commit of %s in %s: %w", group, topic, err)
		case <-time.After(checkInterval):
		}
	}
}

// checkCoordinators fails the test unless every group has the coordinator that it was named for.
func (a *admin) checkCoordinators(t *testing.T, groups []group) {
	t.Helper()
	var names []string
	for _, of := range groups {
		names = append(names, of.name)
	}
	found := a.kadm.FindGroupCoordinators(t.Context(), names...)
	for _, of := range groups {
		if coordinator := found[of.name]; coordinator.Err != nil || coordinator.NodeID != of.coordinator {
			t.Fatalf("group %s: the coordinator is broker %d, want %d (%v)", of.name, coordinator.NodeID, of.coordinator, coordinator.Err)
		}
	}
}

// reassign changes the replicas of partitions, the preferred leader first.
func (a *admin) reassign(t *testing.T, topic string, replicas map[int32][]int32) {
	t.Helper()
	var request kadm.AlterPartitionAssignmentsReq
	for partition, brokers := range replicas {
		request.Assign(topic, partition, brokers)
	}
	answer, err := a.kadm.AlterPartitionAssignments(context.WithoutCancel(t.Context()), request) // also when the test is over
	if err == nil {
		err = answer.Error()
	}
	if err != nil {
		t.Fatalf("reassign %s: %v", topic, err)
	}
}

// electPreferred elects the preferred leaders of the partitions.
func (a *admin) electPreferred(t *testing.T, topic string, partitions ...int32) {
	t.Helper()
	var set kadm.TopicsSet
	set.Add(topic, partitions...)
	answers, err := a.kadm.ElectLeaders(t.Context(), kadm.ElectPreferredReplica, set)
	if err != nil {
		t.Fatalf("elect the preferred leaders of %s: %v", topic, err)
	}
	for _, partition := range answers[topic] {
		if partition.Err != nil && !errors.Is(partition.Err, kerr.ElectionNotNeeded) {
			t.Fatalf("elect the preferred leader of partition %d of %s: %v", partition.Partition, topic, partition.Err)
		}
	}
}

// awaitPreferredLeaders returns once every replica of every partition is in sync and the first one leads.
func (a *admin) awaitPreferredLeaders(t *testing.T) {
	t.Helper()
	a.awaitPartitions(t, func(partition kadm.PartitionDetail) error {
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

// awaitPartitions waits until the check of every partition returns nil, those of internal topics included.
func (a *admin) awaitPartitions(t *testing.T, check func(kadm.PartitionDetail) error) {
	t.Helper()
	eventually(t, timeout, func(ctx context.Context) error {
		topics, err := a.kadm.ListTopicsWithInternal(ctx)
		if err != nil {
			return fmt.Errorf("describe the topics: %w", err)
		}
		for _, topic := range topics {
			for _, partition := range topic.Partitions {
				if err := errors.Join(topic.Err, partition.Err, check(partition)); err != nil {
					return fmt.Errorf("partition %d of %s: %w", partition.Partition, topic.Topic, err)
				}
			}
		}
		return nil
	})
}

// activeController returns the node id of the controller that leads the quorum.
func (a *admin) activeController(t *testing.T) (id int32) {
	t.Helper()
	eventually(t, timeout, func(ctx context.Context) error {
		topic := kmsg.NewDescribeQuorumRequestTopic()
		topic.Topic = "__cluster_metadata"
		topic.Partitions = append(topic.Partitions, kmsg.NewDescribeQuorumRequestTopicPartition())
		request := kmsg.NewPtrDescribeQuorumRequest()
		request.Topics = append(request.Topics, topic)
		answer, err := request.RequestWith(ctx, a.client)
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

// eventually waits until the check returns nil. One check has 5 seconds.
func eventually(t *testing.T, within time.Duration, check func(ctx context.Context) error) {
	t.Helper()
	deadline := time.Now().Add(within)
	for {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		err := check(ctx)
		cancel()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("after %s still: %v", within, err)
		}
		time.Sleep(checkInterval)
	}
}
