package simulate

import (
	"math"
	"time"
)

// Statistics is how often RabbitMQ gathers what its management API tells (collect_statistics_interval).
const Statistics = 5 * time.Second

// queue is a queue of RabbitMQ, and its consumers. Any of them may get any message: nothing is dealt out, and nobody waits for others.
type queue struct {
	fleet

	settings Replicas
	// messages are a topic of one partition: what is taken of it is with the consumers, and what is committed they have acknowledged.
	messages *topic
	// turn is the consumer that is served next.
	turn int
	// delivered counts deliveries, those of messages that came back as well.
	delivered int64
	told      QueueFigures
	// before is what had been published and delivered when the statistics were gathered last; nextTold is when they are again.
	before   struct{ published, delivered int64 }
	nextTold time.Time
}

// QueueFigures are what RabbitMQ tells of a queue. Rates are per second, over the time between two of its statistics.
type QueueFigures struct {
	Ready, Unacknowledged, Consumers int64
	PublishRate, DeliverRate         float64
}

func newQueue(settings Replicas, from time.Time) *queue {
	// Whoever looks at a round time sees figures of an age that is the mean of all ages.
	return &queue{settings: settings, messages: newTopic(shares(1, 0)), nextTold: from.Add(Statistics / 2)}
}

func (q *queue) play(now time.Time, took time.Duration, came float64) (news bool) {
	news = q.messages.land(now, came)
	q.pass(now, took)
	able := q.settings.PerSecond * took.Seconds()
	q.deliver(able)
	for _, p := range q.working() {
		q.messages.done += float64(p.work(able))
	}
	q.acknowledge()
	if now.Before(q.nextTold) {
		return news
	}
	q.gather()
	return true
}

// deliver hands ready messages to consumers in turn, until each has as many as it may hold beside those it gets done just now.
func (q *queue) deliver(able float64) {
	pods := q.working()
	for ready := q.ready(); ready > 0; ready = q.ready() {
		var free []*pod
		for i := range pods {
			if p := pods[(q.turn+i)%len(pods)]; q.room(p, able) > 0 {
				free = append(free, p)
			}
		}
		if len(free) == 0 {
			return
		}
		each := max(1, ready/int64(len(free)))
		for _, p := range free {
			count := min(each, q.room(p, able), q.ready())
			p.held += count
			q.delivered += count
			q.messages.partitions[0].taken += float64(count)
			if count > 0 {
				q.turn++
			}
		}
	}
}

// room is how many messages more a consumer may get. One that acknowledges automatically gets whatever there is.
func (q *queue) room(p *pod, able float64) int64 {
	if q.settings.Commit == CommitQueued {
		return math.MaxInt64 - p.held
	}
	return int64(max(1, q.settings.Prefetch)) + whole(p.progress+able) - p.held
}

// work does what a consumer is able to, of the messages it holds.
func (p *pod) work(able float64) (done int64) {
	p.progress += able
	done = min(p.held, whole(p.progress))
	p.held -= done
	if p.progress -= float64(done); p.held == 0 {
		p.progress = 0 // time without work is lost
	}
	return done
}

// acknowledge tells the queue what it need not keep: what is done, or begun, or delivered.
func (q *queue) acknowledge() {
	count := int64(q.messages.done + q.messages.lost)
	for _, p := range q.pods {
		switch {
		case q.settings.Commit == CommitQueued:
			count += p.held
		case q.settings.Commit == CommitBefore && p.held > 0:
			count++
		}
	}
	q.messages.partitions[0].committed = count
}

// scale puts back what consumers held that go, as the first to be delivered again. What was acknowledged of that is lost.
func (q *queue) scale(now time.Time, wanted int32) {
	for _, p := range q.resize(now, q.settings.Start, wanted) {
		lost := int64(0)
		switch q.settings.Commit {
		case CommitQueued:
			lost = p.held
		case CommitBefore:
			lost = min(p.held, 1)
		case CommitAfter:
		}
		q.messages.lost += float64(lost)
		q.messages.partitions[0].taken -= float64(p.held - lost)
	}
	q.acknowledge()
}

func (q *queue) ready() int64 {
	at := &q.messages.partitions[0]
	return at.end - int64(at.taken)
}

// figures are those of now. Rates are known to the statistics alone.
func (q *queue) figures() QueueFigures {
	at := &q.messages.partitions[0]
	return QueueFigures{Ready: q.ready(), Unacknowledged: int64(at.taken) - at.committed, Consumers: int64(len(q.working()))}
}

func (q *queue) gather() {
	published := q.messages.partitions[0].end
	q.told = q.figures()
	q.told.PublishRate = float64(published-q.before.published) / Statistics.Seconds()
	q.told.DeliverRate = float64(q.delivered-q.before.delivered) / Statistics.Seconds()
	q.before.published, q.before.delivered = published, q.delivered
	q.nextTold = q.nextTold.Add(Statistics)
}

func (q *queue) stand(now time.Time) stand {
	s := q.messages.stand(now)
	if q.settings.Commit == CommitQueued {
		s.queued = q.messages.partitions[0].taken - s.done - s.lost
	}
	s.working, s.seconds = len(q.working()), q.seconds
	return s
}

func (q *queue) forget(before time.Time) { q.messages.forget(before) }

// whole is what is complete, whatever little is missing for want of exact sums.
func whole(n float64) int64 { return int64(math.Floor(n + 1e-6)) }
