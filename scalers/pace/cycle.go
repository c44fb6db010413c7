// Package pace says when a source is looked at again, and how old what was seen may grow meanwhile.
package pace

import (
	"sync/atomic"
	"time"
)

// Cycle is the turn in which a session looks at everything. MaxAge is safe for concurrent use with Went.
type Cycle struct {
	// Interval is how often that is, unless it takes long; Age how old an observation may grow then.
	Interval, Age time.Duration

	latest atomic.Int64 // how long the latest turn and the pause after it take together, in nanoseconds
}

// Pause leaves a source at least as long alone as it was kept busy.
func (c *Cycle) Pause(took time.Duration) time.Duration { return max(c.Interval-took, took) }

// Went notes how long a turn takes with the pause after it. One that only waited for what never came is not to be noted: it
// must not make an outage last longer.
func (c *Cycle) Went(whole time.Duration) { c.latest.Store(int64(whole)) }

// MaxAge is how old an observation may grow. Where a turn takes so long that the interval stretches, so does this: three
// cycles without news mean trouble, one long cycle does not.
func (c *Cycle) MaxAge() time.Duration {
	cycle := time.Duration(c.latest.Load())
	if cycle <= c.Interval {
		return c.Age
	}
	return max(c.Age, 3*cycle)
}
