// Package realkafka runs real Apache Kafka brokers for tests and benchmarks: one
// (Start), or a cluster of several with controllers of their own (StartCluster).
//
// Fakes and librdkafka's mock cluster do not serve every request that lagwise
// makes, and none of them shows how a real broker refuses, times out or dies.
// This package starts each node as a child process: KRaft, loopback only, an
// empty data folder. It needs Java 17 and the jars that
// "make test-kafka" fetches.
//
// It speaks no Kafka itself. Tests create topics, groups and ACLs with a client
// of their own through Broker.Address, whose clients are super users.
package realkafka
