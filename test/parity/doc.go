// Package parity holds lagwise to KEDA. Its tests ask KEDA's own scalers and a running lagwise about the same real
// Apache Kafka broker, thousands of records and hundreds of random triggers long, and compare the answers as KEDA's
// HPA would see them. Where the two differ on purpose, a test of its own shows both answers.
//
// It is a module of its own because KEDA brings hundreds of dependencies, none of which may enter lagwise. lagwise runs
// as a process: its generated code and KEDA's register the same protobuf package, and one process cannot hold both. So
// nothing here may import lagwise's server or proto.
//
// The tests need a C compiler, Java 17 and Kafka's jars: run "make test-parity".
package parity
