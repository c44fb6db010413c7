package cluster

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/lagwise/lagwise/scalers/lag"
	"github.com/lagwise/lagwise/scalers/sessions"
)

// push is what a session has to wake inactive push triggers.
type push struct {
	// tails are the consumers that are open, watched the partitions that wait for a record, and newcomers those of them that are still
	// looked at by listing their ends.
	tails, watched, newcomers int
	// woken counts how often a record woke a subscription.
	woken uint64
}

// Status tells how every session fares, ordered by connection.
func (p *Pool) Status() []sessions.Status {
	var all []sessions.Status
	for _, s := range p.present() {
		all = append(all, s.status())
	}
	slices.SortStableFunc(all, func(a, b sessions.Status) int { return strings.Compare(a.Connection, b.Connection) })
	return all
}

func (p *Pool) present() []*session {
	p.mu.Lock()
	defer p.mu.Unlock()
	sessions := make([]*session, 0, len(p.sessions))
	for _, s := range p.sessions {
		sessions = append(sessions, s)
	}
	return sessions
}

func (s *session) status() sessions.Status {
	status := sessions.Status{Source: "kafka", Connection: s.connection.Name}
	s.counts.Put(&status)
	push := s.push(time.Now())
	status.Woken = push.woken
	status.Waits = []sessions.Count{{What: "tails", N: push.tails}, {What: "partitions", N: push.watched}, {What: "newcomer_partitions", N: push.newcomers}}
	s.mu.Lock()
	defer s.mu.Unlock()
	status.Triggers = len(s.subscriptions)
	if fault := s.health.fault; fault != nil {
		status.Fault, status.Trouble, status.Down = fault.Kind.String(), fault.Error(), true
	}
	status.Doing = status.Observes()
	if push.watched > 0 {
		status.Doing += fmt.Sprintf("; waits for records in %d partitions", push.watched)
	}
	if push.woken > 0 {
		status.Doing += fmt.Sprintf("; was woken %d times", push.woken)
	}
	return status
}

// push is that of all lanes together.
func (s *session) push(now time.Time) (all push) {
	for _, lane := range s.lanes {
		one := lane.tails.status(now)
		all.tails += one.tails
		all.watched += one.watched
		all.newcomers += one.newcomers
		all.woken += one.woken
	}
	return all
}

func (t *tails) status(now time.Time) push {
	t.mu.Lock()
	defer t.mu.Unlock()
	status := push{tails: len(t.members), watched: len(t.watched), woken: t.hits}
	for _, until := range t.newcomers.until {
		if now.Before(until) {
			status.newcomers++
		}
	}
	return status
}

// Progress is how far a group got in what one subscription observes.
type Progress struct {
	Connection, Group string
	// Observation is the latest one. Nobody changes it.
	Observation lag.Observation
}

// Progress lists what every subscription knows at present; those whose knowledge is too old to serve are left out. Several
// subscriptions may tell of the same group and topic.
func (p *Pool) Progress() []Progress {
	var all []Progress
	for _, s := range p.present() {
		for _, subscription := range s.everybody() {
			if view, fresh := subscription.Glance(); fresh {
				all = append(all, Progress{Connection: s.connection.Name, Group: subscription.want.Group, Observation: view.Latest})
			}
		}
	}
	return all
}
