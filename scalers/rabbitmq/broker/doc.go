// Package broker observes RabbitMQ's queues: one shared session for each distinct endpoint, whatever the number of triggers. It is
// the only room that talks to RabbitMQ. It gathers figures and decides nothing of a
// trigger; only which figures can be believed (doubt.go).
//
// A queue is only ever looked at. Nothing is consumed, fetched, requeued, bound or made: by AMQP a queue is declared passively,
// which asks for its figures and needs no permission but access to the vhost; by HTTP the management API is read, and beside AMQP for who leads a
// queue that seems to have lost all it had.
package broker
