package cluster

import (
	"sync"
	"time"

	"github.com/lagwise/lagwise/scalers/pace"
)

// A broker that fails is asked again after a random time below a limit that doubles from firstBrokerRetry to lastBrokerRetry. So a
// broker that is away costs a session at most one connection attempt every few seconds, however many triggers need it.
const (
	firstBrokerRetry = 500 * time.Millisecond
	lastBrokerRetry  = 5 * time.Second
)

// brokerBackoff remembers which brokers fail, so that a request for one of them is answered at once instead of after a
// connection attempt or a time-out. It is safe for concurrent use.
type brokerBackoff struct {
	// attempt is how long one request may last: while a failing broker is tried, the others do not ask it.
	attempt time.Duration

	mu      sync.Mutex
	failing map[int32]failingBroker
}

type failingBroker struct {
	err      error
	failures int
	// until is the end of the pause, or of the attempt that is under way where tried is set.
	until time.Time
	tried bool
}

func newBrokerBackoff(attempt time.Duration) *brokerBackoff {
	return &brokerBackoff{attempt: attempt, failing: map[int32]failingBroker{}}
}

// admit returns nil when the broker may be asked now, and otherwise why its latest request failed. Of the requests that come when
// a failing broker's pause is over, the first one is admitted alone.
func (b *brokerBackoff) admit(broker int32, now time.Time) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	state, fails := b.failing[broker]
	if !fails {
		return nil
	}
	if now.Before(state.until) {
		return state.err
	}
	state.until, state.tried = now.Add(b.attempt), true
	b.failing[broker] = state
	return nil
}

// fails reports whether the broker's latest request failed.
func (b *brokerBackoff) fails(broker int32) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	_, fails := b.failing[broker]
	return fails
}

// release ends an attempt that was given up before it could show whether the broker answers.
func (b *brokerBackoff) release(broker int32, now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if state, failed := b.failing[broker]; failed && state.tried {
		state.until, state.tried = now, false
		b.failing[broker] = state
	}
}

// note records how a request to the broker ended; nil means that the broker answered.
func (b *brokerBackoff) note(broker int32, err error, now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if err == nil {
		delete(b.failing, broker)
		return
	}
	state, failed := b.failing[broker]
	state.err = err
	if !failed || state.tried || !now.Before(state.until) { // requests that were under way together count as one failure
		state.failures++
		state.until = now.Add(pace.Backoff{First: firstBrokerRetry, Last: lastBrokerRetry}.Pause(state.failures - 1))
		state.tried = false
	}
	b.failing[broker] = state
}
