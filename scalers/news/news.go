// Package news tells those who wait that something new is known. It knows nothing of what that is.
package news

import "sync"

// News are what somebody tells and others listen to. Methods are safe for concurrent use.
type News struct {
	first chan struct{}

	mu        sync.Mutex
	listeners map[chan struct{}]struct{}
}

// New makes news that nobody has told yet.
func New() *News {
	return &News{first: make(chan struct{}), listeners: map[chan struct{}]struct{}{}}
}

// Tell signals to all who listen.
func (n *News) Tell() {
	n.mu.Lock()
	defer n.mu.Unlock()
	select {
	case <-n.first:
	default:
		close(n.first)
	}
	for listener := range n.listeners {
		Signal(listener)
	}
}

// First is closed when something is told for the first time.
func (n *News) First() <-chan struct{} { return n.first }

// Listen gives a channel that receives when something is told; it holds one signal, and more are dropped. stop must be called.
func (n *News) Listen() (changed <-chan struct{}, stop func()) {
	listener := make(chan struct{}, 1)
	n.mu.Lock()
	defer n.mu.Unlock()
	n.listeners[listener] = struct{}{}
	return listener, func() {
		n.mu.Lock()
		defer n.mu.Unlock()
		delete(n.listeners, listener)
	}
}

// Signal puts a signal into a channel that holds one, unless there is one already.
func Signal(to chan<- struct{}) {
	select {
	case to <- struct{}{}:
	default:
	}
}
