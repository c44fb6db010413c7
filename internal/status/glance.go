package status

import (
	"sync"
	"time"

	"github.com/lagwise/lagwise/scalers"
)

// glance is a look at all triggers, which all who look within a short time share.
type glance struct {
	triggers Triggers

	mu        sync.Mutex
	at        time.Time
	standings []scalers.Standing
}

// sharedFor is how long a look is good for everybody.
const sharedFor = 500 * time.Millisecond

// look gives standings that nobody changes.
func (g *glance) look() []scalers.Standing {
	g.mu.Lock()
	defer g.mu.Unlock()
	if now := time.Now(); now.Sub(g.at) >= sharedFor {
		g.standings = g.triggers.Standings()
		g.at = now
	}
	return g.standings
}

// forget lets go of a look that nobody shares any more: of many triggers it is large.
func (g *glance) forget() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if time.Since(g.at) >= sharedFor {
		g.standings = nil
	}
}

// rows are the same as lines of the list.
func (g *glance) rows() []Row {
	standings := g.look()
	rows := make([]Row, len(standings))
	for i := range standings {
		rows[i] = rowOf(standings[i])
	}
	return rows
}
