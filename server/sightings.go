package server

import (
	"sync"
	"time"
)

// sightings carries what a watch sees to the stream that pushes. The watch never waits: each sighting is worked into
// pushes at once, so that no edge is lost however slow the stream is, and nothing queues up.
type sightings struct {
	// changed holds a token when something was added since the stream last took one.
	changed chan struct{}

	mu     sync.Mutex
	pushes pushes
}

func newSightings(p pace) *sightings {
	return &sightings{changed: make(chan struct{}, 1), pushes: pushes{pace: p}}
}

func (s *sightings) add(seen activity) {
	s.mu.Lock()
	s.pushes.see(time.Now(), seen)
	s.mu.Unlock()
	select {
	case s.changed <- struct{}{}:
	default:
	}
}

func (s *sightings) next() (push bool, again time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.pushes.next(time.Now())
}

func (s *sightings) known() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.pushes.latest != unknown
}
