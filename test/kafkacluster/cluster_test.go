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

// testCluster is a cluster with its topics, groups and triggers. Scenarios share it, one after the other. Each leaves every
// broker running, and every preferred replica leading.
type testCluster struct {
	*realkafka.Cluster

	admin    *admin
	triggers []trigger
}

func startCluster(t *testing.T, controllers int) *testCluster {
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
	t.Logf("started three brokers and %d controllers in %.1f s", controllers, time.Since(began).Seconds())
	c := &testCluster{Cluster: running, admin: newAdmin(t, running)}
	c.createTopics(t)
	var groups []group
	groups, c.triggers = groupsAndTriggers()
	c.fill(t, groups)
	t.Logf("created topics and commits after %.1f s", time.Since(began).Seconds())
	return c
}

// offsetsReplicas returns the replicas of every partition of __consumer_offsets.
func offsetsReplicas() (replicas [][]int32) {
	for partition := range int32(offsetsPartitions) {
		if partition < replicatedOffsets {
			replicas = append(replicas, allBrokers(partition%3+1))
		} else {
			replicas = append(replicas, []int32{partition - replicatedOffsets + 1})
		}
	}
	return replicas
}

func (c *testCluster) createTopics(t *testing.T) {
	t.Helper()
	c.admin.createTopic(t, offsetsTopic, map[string]string{"cleanup.policy": "compact"}, offsetsReplicas()...)
	var spread [][]int32
	for partition := range int32(spreadPartitions) {
		spread = append(spread, allBrokers(partition%3+1))
	}
	c.admin.createTopic(t, spreadTopic, nil, spread...)
	for broker := int32(1); broker <= 3; broker++ {
		c.admin.createTopic(t, onlyTopic(broker), nil, []int32{broker}, []int32{broker})
		c.admin.createTopic(t, splitTopic(broker), nil, []int32{broker}, allBrokers(next(broker)))
	}
	for n := range fewSessions {
		c.admin.createTopic(t, pushTopic(n+1), nil, allBrokers(1), allBrokers(2), allBrokers(3))
	}
	c.admin.awaitPreferredLeaders(t)
}

// fill produces the records and commits the offsets that the expected values are computed from.
func (c *testCluster) fill(t *testing.T, groups []group) {
	t.Helper()
	partitions := map[string]int32{spreadTopic: spreadPartitions}
	for broker := int32(1); broker <= 3; broker++ {
		partitions[onlyTopic(broker)], partitions[splitTopic(broker)] = 2, 2
	}
	ctx, cancel := context.WithTimeout(t.Context(), timeout)
	defer cancel()
	var filling errgroup.Group
	filling.SetLimit(8)
	for topic, count := range partitions {
		for partition := range count {
			filling.Go(func() error { return c.admin.produce(ctx, topic, partition, recordsPerPartition) })
		}
	}
	for _, of := range groups {
		committed := map[string]bool{}
		for _, trigger := range c.triggers {
			if trigger.group != of.name || committed[trigger.topic] {
				continue
			}
			committed[trigger.topic] = true
			filling.Go(func() error {
				offsets := make([]int64, partitions[trigger.topic])
				for i := range offsets {
					offsets[i] = int64(recordsPerPartition - of.lag)
				}
				return c.admin.commit(ctx, of.name, trigger.topic, offsets...)
			})
		}
	}
	if err := filling.Wait(); err != nil {
		t.Fatal(err)
	}
	c.admin.checkCoordinators(t, groups)
}

// startProduct starts lagwise with default settings and one connection for each name. It stops when the test ends.
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

// acquire keeps a trigger's scaler until the test ends, as an open stream does.
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
