// Package realrabbit runs one real RabbitMQ for tests and benchmarks: a child process on loopback with a folder of its own, which
// speaks AMQP 0-9-1 and has the management plug-in. It needs Debian's package rabbitmq-server, or another installation whose
// scripts lie in LAGWISE_RABBITMQ_BIN.
//
// It speaks no AMQP itself. Tests make queues with a client of their own, as the user guest.
package realrabbit
