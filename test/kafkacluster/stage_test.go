//go:build kafka

package kafkacluster_test

import (
	"context"
	"maps"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/lagwise/lagwise/scalers"
	"github.com/lagwise/lagwise/scalers/kafka/cluster"
	"github.com/lagwise/lagwise/test/product"
	"github.com/lagwise/lagwise/test/realkafka"
)

// stage is a cluster with its topics, groups and triggers. Scenarios play on it one after the other, and each leaves it as it
// was: every broker there, in sync and leading what it should.
type stage struct {
	cluster  *realkafka.Cluster
	operator *operator
	triggers []trigger
}

func newStage(t *testing.T, controllers int) *stage {
	t.Helper()
	began := time.Now()
	running, err := realkafka.StartCluster(t.Context(), realkafka.ClusterOptions{Controllers: controllers})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := running.Stop(); err != nil {
			t.Error(err)
		}
	})
	t.Logf("three brokers and %d controllers started in %.1f s", controllers, time.Since(began).Seconds())
	s := &stage{cluster: running, operator: newOperator(t, running)}
	s.createTopics(t)
	var groups []group
	groups, s.triggers = population()
	s.fill(t, groups)
	t.Logf("and are filled after %.1f s", time.Since(began).Seconds())
	return s
}

// offsetsPlacement is the replicas of __consumer_offsets.
func offsetsPlacement() (replicas [][]int32) {
	for partition := range int32(offsetsPartitions) {
		if partition < replicatedOffsets {
			replicas = append(replicas, replicated(partition%3+1))
		} else {
			replicas = append(replicas, []int32{partition - replicatedOffsets + 1})
		}
	}
	return replicas
}

func (s *stage) createTopics(t *testing.T) {
	t.Helper()
	s.operator.createTopic(t, offsetsTopic, map[string]string{"cleanup.policy": "compact"}, offsetsPlacement()...)
	var spread [][]int32
	for partition := range int32(spreadPartitions) {
		spread = append(spread, replicated(partition%3+1))
	}
	s.operator.createTopic(t, spreadTopic, nil, spread...)
	for broker := int32(1); broker <= 3; broker++ {
		s.operator.createTopic(t, onlyTopic(broker), nil, []int32{broker}, []int32{broker})
		s.operator.createTopic(t, splitTopic(broker), nil, []int32{broker}, replicated(next(broker)))
	}
	for n := range fewSessions {
		s.operator.createTopic(t, wakeTopic(n+1), nil, replicated(1), replicated(2), replicated(3))
	}
	s.operator.awaitPreferred(t)
}

// fill writes the records and the commits that every value is counted from.
func (s *stage) fill(t *testing.T, groups []group) {
	t.Helper()
	partitions := map[string]int32{spreadTopic: spreadPartitions}
	for broker := int32(1); broker <= 3; broker++ {
		partitions[onlyTopic(broker)], partitions[splitTopic(broker)] = 2, 2
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	var filling errgroup.Group
	filling.SetLimit(8)
	for topic, count := range partitions {
		for partition := range count {
			filling.Go(func() error { return s.operator.produce(ctx, topic, partition, recordsPerPartition) })
		}
	}
	for _, of := range groups {
		committed := map[string]bool{}
		for _, trigger := range s.triggers {
			if trigger.group != of.name || committed[trigger.topic] {
				continue
			}
			committed[trigger.topic] = true
			filling.Go(func() error {
				offsets := make([]int64, partitions[trigger.topic])
				for i := range offsets {
					offsets[i] = int64(recordsPerPartition - of.behind)
				}
				return s.operator.commit(ctx, of.name, trigger.topic, offsets...)
			})
		}
	}
	if err := filling.Wait(); err != nil {
		t.Fatal(err)
	}
}

// startProduct starts lagwise with every setting at its default, and a session for each name. It ends with the test.
func startProduct(t *testing.T, bootstrap []string, sessions ...string) *product.Product {
	t.Helper()
	var connections []cluster.Connection
	for _, name := range sessions {
		connections = append(connections, cluster.Connection{Name: name, BootstrapServers: bootstrap})
	}
	running := product.Start(cluster.Options{}, connections...)
	t.Cleanup(func() {
		if err := running.Stop(); err != nil {
			t.Errorf("lagwise ended with %v", err)
		}
	})
	return running
}

// acquire holds a trigger's scaler until the test ends, as an open stream does.
func acquire(t *testing.T, running *product.Product, of trigger) scalers.Scaler {
	t.Helper()
	metadata := map[string]string{
		"connection": of.session, "consumerGroup": of.group, "topic": of.topic, "lagThreshold": "1000",
	}
	maps.Copy(metadata, of.more)
	scaler, release, err := running.Registry.Acquire(scalers.Trigger{Namespace: "shop", Name: "worker", Metadata: metadata})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(release)
	return scaler
}
