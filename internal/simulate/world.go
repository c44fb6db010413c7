package simulate

import (
	"errors"
	"time"

	"github.com/lagwise/lagwise/scalers"
)

// Source makes scalers that read a simulated world instead of a real one. What comes waits where the sources of the triggers read:
// each says so, by World.Topic or World.Queue, before it makes its first scaler. One that reads no backlog says nothing.
type Source func(*World) scalers.Factory

// World is what sources can read: the time, a topic with its consumer group or a queue with its consumers, and a number that tells of
// the load.
type World struct {
	now   time.Time
	setup Setup
	// readsTopic and readsQueue are what sources have said.
	readsTopic, readsQueue bool
	// group and queue: one of them is the backlog.
	group   *group
	queue   *queue
	backlog backlog
	looks   []*look
	// back is how far anybody looks back.
	back time.Duration
}

// Now is the simulated time.
func (w *World) Now() time.Time { return w.now }

// furnish makes what sources want to read. Where none wants any, every replica can take whatever comes, as of a queue; unless there shall
// be partitions.
func (w *World) furnish() error {
	s := w.setup
	switch {
	case w.readsTopic && w.readsQueue:
		return errors.New("triggers of a topic and of a queue in one ScaledObject cannot be simulated yet: what comes waits in one of them")
	case !w.readsTopic && (w.readsQueue || s.Partitions == 0):
		w.queue = newQueue(s.Replicas, w.now)
		w.backlog = w.queue
		return s.checkQueue()
	default:
		t := newTopic(shares(max(1, s.Partitions), s.Skew))
		w.group = &group{settings: s.Replicas, topic: t}
		w.backlog = w.group
		return s.checkTopic()
	}
}

// Topic has what comes wait in the partitions of a topic.
func (w *World) Topic() Topic {
	w.readsTopic = true
	return Topic{w}
}

// Topic is a topic, and the group that reads it.
type Topic struct{ world *World }

// Queue has what comes wait in a queue.
func (w *World) Queue() Queue {
	w.readsQueue = true
	return Queue{w}
}

// Queue is a queue and its consumers.
type Queue struct{ world *World }

// Figures are those of now, without rates: what a broker tells by AMQP.
func (q Queue) Figures() QueueFigures { return q.world.queue.figures() }

// Told are the figures of RabbitMQ's latest statistics: what its management API tells.
func (q Queue) Told() QueueFigures { return q.world.queue.told }
