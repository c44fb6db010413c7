package nerdgraph

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/lagwise/lagwise/scalers/sessions"
)

// asked is the name of the only request there is.
const asked = "nrql"

// Status tells of every session, by name.
func (p *Pool) Status() []sessions.Status {
	p.mu.Lock()
	defer p.mu.Unlock()
	all := make([]sessions.Status, 0, len(p.sessions))
	for _, s := range p.sessions {
		all = append(all, s.status())
	}
	slices.SortFunc(all, func(a, b sessions.Status) int { return cmp.Compare(a.Connection, b.Connection) })
	return all
}

// status must be called under the pool's lock. Each query is looked at by itself, so New Relic is down when none is answered; one that
// fails alone, such as a query that is wrong, is a fault all the same.
func (s *session) status() sessions.Status {
	status := sessions.Status{Source: "new-relic", Connection: s.connection.Name}
	s.tally.Put(&status)
	failing := 0
	for _, q := range s.queries {
		status.Triggers += q.subscribers
		if _, failed, _ := q.look(); failed != nil {
			failing++
			status.Fault, status.Trouble = failed.cause.String(), failed.Error()
		}
	}
	status.Down = failing > 0 && failing == len(s.queries)
	status.Doing = fmt.Sprintf("asks %d queries, of which %d fail", len(s.queries), failing)
	return status
}
