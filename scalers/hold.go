package scalers

import (
	"io"
	"sync"
)

// Hold is what a scaler holds of its source: a subscription that is taken when it is first needed, and given back with the scaler.
// It is safe for concurrent use.
type Hold[Subscription io.Closer] struct {
	take func() (Subscription, error)

	mu      sync.Mutex
	taken   Subscription
	has     bool
	closed  bool
	gone    chan struct{}
	watches int
}

// NewHold takes nothing yet.
func NewHold[Subscription io.Closer](take func() (Subscription, error)) *Hold[Subscription] {
	return &Hold[Subscription]{take: take, gone: make(chan struct{})}
}

// Get takes the subscription, also where that failed before: too many connections is a state that passes.
func (h *Hold[Subscription]) Get() (Subscription, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.has {
		return h.taken, nil
	}
	var none Subscription
	if h.closed {
		return none, Errorf(CauseUnreachable, "the trigger was forgotten because nobody asked about it: ask again")
	}
	taken, err := h.take()
	if err != nil {
		return none, err
	}
	h.taken, h.has = taken, true
	return taken, nil
}

// Gone is closed with the scaler, and ends its watches.
func (h *Hold[Subscription]) Gone() <-chan struct{} { return h.gone }

// Watching counts the open watches: more are begun, or ended where it is negative.
func (h *Hold[Subscription]) Watching(more int) (open int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.watches += more
	return h.watches
}

// Close gives the subscription back. It may be called more than once.
func (h *Hold[Subscription]) Close() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.closed {
		h.closed = true
		close(h.gone)
	}
	if !h.has {
		return nil
	}
	return h.taken.Close() //nolint:wrapcheck // the registry says what it was closing
}
