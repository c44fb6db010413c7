// Package rabbitmq answers for triggers on RabbitMQ queues, with every key of KEDA's `type: rabbitmq`. It turns a trigger's keys
// into rules and a broker.Subscription, and lets the one decide on what the other observed. Without further keys it answers as
// KEDA's own rabbitmq trigger does.
package rabbitmq
