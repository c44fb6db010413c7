// Package demo shows lagwise at work on one machine: a Kafka broker inside the process, a producer whose rate varies,
// consumers that fall behind and catch up, and a stand-in for KEDA that asks lagwise over gRPC and starts as many
// consumers as the HPA would. It is handed lagwise's own server, the same that `lagwise serve` runs.
package demo
