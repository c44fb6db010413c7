package broker

import (
	"context"
	"errors"
	"fmt"
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
	// hangTime is more than a cluster takes to find that a node hangs (net_ticktime: a minute and a quarter of one).
	hangTime = 90 * time.Second
)

// testimony is what is known of a queue's leader beside what AMQP says.
type testimony int

const (
	// noTestimony: nobody can tell.
	noTestimony testimony = iota
	// needsNoLeader: the queue is of a type that says 0 only when it has nothing.
	needsNoLeader
	led
	leaderless
	// silence: who could tell does not answer.
	silence
)

// testifier is a source that may know more of a queue than its figures. Why there is silence is in the error.
type testifier interface {
	testify(ctx context.Context, want Want) (testimony, error)
}

// doubt says why an observation is not believed yet, after an answer that took so long. It is nil for nearly all of them.
func (s *session) doubt(ctx context.Context, one *subject, observation Observation, took time.Duration) *Fault {
	doubtful := one.suspects(observation)
	if !doubtful.is {
		return nil
	}
	doubtful.slow = took >= leaderTime
	var why error
	if by, can := s.source.(testifier); can {
		doubtful.testimony, why = by.testify(ctx, one.want)
	}
	if reason := doubtful.reason(why); reason != nil {
		return &Fault{Kind: TimedOut, About: fmt.Sprintf("queue %q", one.want.Queue), Err: reason} // what was seen before serves until it is too old
	}
	return nil
}

// suspicion is what there is to know of an observation that may be a leader's silence and no more.
type suspicion struct {
	// is says that there is one; first, that nothing was seen before. Otherwise the queue had messages until an age ago.
	is, first bool
	age       time.Duration
	// slow says that RabbitMQ may have waited for a leader in vain.
	slow bool
	testimony
}

var (
	errLostAll  = errors.New("RabbitMQ says that its messages and consumers have gone at once, as it does where a quorum queue's leader does not answer")
	errNoLeader = errors.New("it has no leader, as where most of its nodes are away")
)

// reason decides. An idle queue has its first answer although nobody can tell: a management API that is away must not keep it.
func (s suspicion) reason(silent error) error {
	switch {
	case s.testimony == leaderless:
		return errNoLeader
	case s.first || s.testimony == needsNoLeader:
		return nil
	case s.age < electionTime:
		return errLostAll
	case s.testimony == silence:
		return fmt.Errorf("%w; the management API, which knows: %w", errLostAll, silent)
	case s.slow && s.age < hangTime:
		return errLostAll
	default:
		return nil
	}
}

// suspects compares an observation with what was seen before.
func (s *subject) suspects(observation Observation) suspicion {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case !s.seen && observation.hasNothing():
		return suspicion{is: true, first: true}
	case s.seen && !observation.At.Before(s.latest.At) && observation.losesAll(s.latest):
		if s.emptied.IsZero() {
			s.emptied = observation.At
		}
		return suspicion{is: true, age: observation.At.Sub(s.emptied)}
	default:
		return suspicion{}
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
