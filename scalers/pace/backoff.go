package pace

import (
	"math/rand/v2"
	"time"
)

// Backoff is how long a source that fails is left alone: a random time below a limit that doubles from First to Last.
type Backoff struct{ First, Last time.Duration }

// Pause is full jitter: sessions that failed together do not come back together. failures is how many there were in a row.
func (b Backoff) Pause(failures int) time.Duration {
	limit := min(b.First<<min(failures, 10), b.Last)
	return rand.N(limit) + b.First/5 //nolint:gosec // jitter needs no secrecy
}
