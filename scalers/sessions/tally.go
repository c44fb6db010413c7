package sessions

import (
	"maps"
	"slices"
	"sync"
	"time"
)

// Tally counts what a session does. Methods are safe for concurrent use.
type Tally struct {
	mu        sync.Mutex
	refreshes Refreshes
	requests  []Requests
	woken     uint64
}

// NewTally counts requests of these names, and of others from the first one on.
func NewTally(names ...string) *Tally {
	t := &Tally{}
	for _, name := range names {
		t.of(name)
	}
	return t
}

// Asked counts requests that have ended; failure is the kind of the one that failed last among them, empty for none.
func (t *Tally) Asked(name string, sent int, failure string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	one := t.of(name)
	one.Sent += uint64(sent) //nolint:gosec // never below zero
	if failure == "" {
		return
	}
	if one.Failed == nil {
		one.Failed = map[string]uint64{}
	}
	one.Failed[failure]++
}

// of must be called under the lock. What it gives holds until the lock is let go.
func (t *Tally) of(name string) *Requests {
	at := slices.IndexFunc(t.requests, func(r Requests) bool { return r.Name == name })
	if at < 0 {
		at = len(t.requests)
		t.requests = append(t.requests, Requests{Name: name})
	}
	return &t.requests[at]
}

// Refreshed counts a look at everything, and notes the pause after it.
func (t *Tally) Refreshed(took, pause time.Duration, failed bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.refreshes.Pause = pause
	if failed {
		t.refreshes.Failed++
		return
	}
	t.refreshes.Done++
	t.refreshes.Took += took
	t.refreshes.Latest = took
}

// Woke counts that a trigger was looked at out of turn.
func (t *Tally) Woke() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.woken++
}

// Put writes what was counted into a status.
func (t *Tally) Put(into *Status) {
	t.mu.Lock()
	defer t.mu.Unlock()
	into.Refreshes, into.Woken = t.refreshes, t.woken
	into.Requests = slices.Clone(t.requests)
	for i := range into.Requests {
		into.Requests[i].Failed = maps.Clone(into.Requests[i].Failed)
	}
}
