package broker

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"sync"
	"time"
)

// Of a quorum queue AMQP says 0 messages and 0 consumers, without an error, where its leader cannot be asked (RabbitMQ:
// rabbit_quorum_queue.erl, stat): during an election, while the leader's node hangs, and for as long as most nodes are away. So a
// queue that had messages and seems to have lost them and all consumers at once is doubted, and one that has nothing when it is first
// looked at; one that was emptied by consumers who are still there is not.
const (
	// leaderTime is how long RabbitMQ waits for a leader before it says 0.
	leaderTime = 250 * time.Millisecond
	// electionTime is several times what an election takes after a node has died.
	electionTime = time.Second
	// hangTime is how long a cluster may take to find that a node hangs (net_ticktime).
	hangTime = time.Minute
)

// voucher is a source that may know more of a queue than its figures.
type voucher interface {
	// vouch says by no error that the queue has a leader, who counts its messages. Its error is a *Fault that passes.
	vouch(ctx context.Context, want Want) error
}

// doubt says why an observation is not believed yet, after an answer that took so long. It is nil for nearly all of them.
func (s *session) doubt(ctx context.Context, one *subject, observation Observation, took time.Duration) error {
	first, age, doubtful := one.suspects(observation)
	switch {
	case !doubtful:
		return nil
	case !first && (age < electionTime || took >= leaderTime && age < hangTime):
		return unled(one.want.Queue, errors.New("RabbitMQ says that its messages and consumers have gone at once, as it does where a quorum queue's leader does not answer"))
	}
	by, can := s.source.(voucher)
	if !can {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, s.timeFor(one.want))
	defer cancel()
	err := by.vouch(ctx, one.want)
	if first && !errors.Is(err, errNoLeader) {
		return nil // a management API that is away must not keep idle triggers from their first answer
	}
	return err
}

var errNoLeader = errors.New("it has no leader, as where most of its nodes are away")

// unled is a fault that passes: what was seen before serves until it is too old.
func unled(queue string, why error) *Fault {
	return &Fault{Kind: TimedOut, About: fmt.Sprintf("queue %q", queue), Err: why}
}

// suspects says whether an observation may be a leader's silence and no more: the first one of a queue, or one of a queue that had
// messages until it began to look so, an age ago.
func (s *subject) suspects(observation Observation) (first bool, age time.Duration, doubtful bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case !s.seen && observation.hasNothing():
		return true, 0, true
	case s.seen && observation.losesAll(s.latest):
		if s.emptied.IsZero() {
			s.emptied = observation.At
		}
		return false, observation.At.Sub(s.emptied), true
	default:
		return false, 0, false
	}
}

// hasNothing says that AMQP knows of no message and no consumer.
func (o Observation) hasNothing() bool {
	return !o.Managed && len(o.Queues) == 1 && o.Queues[0].Ready == 0 && o.Queues[0].Consumers == 0
}

// losesAll compares that with what was seen before.
func (o Observation) losesAll(before Observation) bool {
	return o.hasNothing() && len(before.Queues) == 1 && before.Queues[0].Ready > 0
}

// witness is the management API of a broker that is looked at by AMQP: it knows whether a queue has a leader.
type witness struct {
	api   *httpSource
	vhost string

	mu sync.Mutex
	// silent is why it did not answer last time, and until when it is not asked again.
	silent error
	until  time.Time
}

// vouch gives a Fault where a quorum queue has no leader, or where nobody can say. A user who may not ask, and an API that does not
// know the queue, are no reason to doubt what AMQP says.
func (w *witness) vouch(ctx context.Context, queue string) error {
	w.mu.Lock()
	silent, until := w.silent, w.until
	w.mu.Unlock()
	if time.Now().Before(until) {
		return unled(queue, silent)
	}
	var said struct{ Type, Leader string }
	path := "/api/queues/" + url.PathEscape(w.vhost) + "/" + url.PathEscape(queue) + "?columns=type,leader"
	err := w.api.way.Load().read(ctx, "the management API, which knows whether the queue has a leader", path, &said)
	fault, failed := errors.AsType[*Fault](err)
	switch {
	case failed && (fault.Kind == TimedOut || fault.Kind == Unreachable):
		w.mu.Lock()
		w.silent, w.until = err, time.Now().Add(lastRetry)
		w.mu.Unlock()
		return unled(queue, err)
	case failed:
		return nil
	case said.Type == "quorum" && said.Leader == "":
		return unled(queue, errNoLeader)
	default:
		return nil
	}
}
