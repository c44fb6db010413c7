package broker

import "time"

// Want is what a trigger wants to be observed. Equal ones are observed once.
type Want struct {
	// Vhost is where the queues are, by HTTP.
	Vhost string
	// Queue is the queue's name, or with Pattern a regular expression for the names of several, by HTTP.
	Queue   string
	Pattern bool
	// PageSize is how many queues a Pattern may match.
	PageSize int64
	// Rates reports that the trigger counts messages per second.
	Rates bool
	// Timeout bounds one request by HTTP, to half a minute at most; zero stands for the session's own.
	Timeout time.Duration
}

// Queue is what the broker says of one queue.
type Queue struct {
	Name string
	// Ready are the messages that wait to be delivered.
	Ready int64
	// Total are those and the unacknowledged ones as the management API counts them; Unacknowledged were delivered and not confirmed
	// yet. Both are known by HTTP alone.
	Total, Unacknowledged int64
	// Consumers are those who take messages from the queue.
	Consumers int64
	// PublishRate and DeliverRate are messages per second, by HTTP alone.
	PublishRate, DeliverRate float64
	// Stream reports that the queue is a stream, which keeps its messages after they were consumed; by HTTP alone.
	Stream bool
}

// Observation is a set of queues at one instant.
type Observation struct {
	// At is when the observation began, Woken when a change was noticed out of turn; zero when there was none.
	At, Woken time.Time
	Queues    []Queue
	// Managed says that the queues were read from the management API, with all that it knows.
	Managed bool
}
