package broker

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/lagwise/lagwise/scalers/sessions"
)

// Status tells of every session, by name.
func (p *Pool) Status() []sessions.Status {
	p.mu.Lock()
	present := slices.Collect(maps.Values(p.sessions))
	p.mu.Unlock()
	all := make([]sessions.Status, 0, len(present))
	for _, s := range present {
		all = append(all, s.status(time.Now()))
	}
	slices.SortStableFunc(all, func(a, b sessions.Status) int { return cmp.Compare(a.Connection, b.Connection) })
	return all
}

func (s *session) status(now time.Time) sessions.Status {
	status := sessions.Status{Source: "rabbitmq", Connection: s.name}
	s.tally.Put(&status)
	watched, late := 0, 0
	s.mu.Lock()
	for _, one := range s.subjects {
		status.Triggers += one.users
		if one.apart != nil {
			late++
		}
		if armed, _ := one.watched(now); armed {
			watched++
		}
	}
	if s.fault != nil {
		status.Fault, status.Trouble, status.Down = s.fault.Kind.String(), s.fault.Error(), true
	}
	s.mu.Unlock()
	status.Waits = []sessions.Count{{What: "queues", N: watched}}
	status.Doing = status.Observes() + ", by " + string(s.endpoint.Protocol)
	if watched > 0 {
		status.Doing += fmt.Sprintf("; waits for messages in %d queues", watched)
	}
	if late > 0 {
		status.Doing += fmt.Sprintf("; asks apart about %d queues that do not answer in time", late)
	}
	if status.Woken > 0 {
		status.Doing += fmt.Sprintf("; was woken %d times", status.Woken)
	}
	return status
}

// asked is the name of what a broker is asked.
func (s *session) asked() string {
	if s.endpoint.Protocol == HTTP {
		return "GET /api/queues"
	}
	return "queue.declare"
}
