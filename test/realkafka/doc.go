// Package realkafka runs one real Apache Kafka broker for tests and benchmarks.
//
// Fakes and librdkafka's mock cluster do not serve every request that lagwise
// makes, and none of them shows how a real broker refuses, times out or dies.
// This package starts a broker as a child process: KRaft, one node, loopback
// only, an empty data folder. It needs Java 17 and the jars that
// "make test-kafka" fetches.
//
// It speaks no Kafka itself. Tests create topics, groups and ACLs with a client
// of their own through Broker.Address, whose clients are super users.
package realkafka
