// Package share divides a limit among namespaces, so that no one of them can take it from the others. It counts and decides; what is
// counted, and what a refusal becomes, is known to its users alone.
package share

import "fmt"

// Shares counts what namespaces hold of a limit. A namespace gets half of it at most while another one holds something, and three
// quarters while none does: a quarter is left for whoever asks next. What a namespace holds already stays. Whoever uses it
// from several goroutines locks it.
type Shares struct {
	held  map[string]int
	total int
}

// Error is why a namespace gets no more.
type Error struct {
	Namespace string
	// Held is what the namespace has, Share what it may have. All namespaces together have Total, and may have Most.
	Held, Share, Total, Most int
}

func (e *Error) Error() string {
	if e.Held < e.Share && e.Total >= e.Most {
		return fmt.Sprintf("%d of %d are in use", e.Total, e.Most)
	}
	return fmt.Sprintf("namespace %q has %d, and may have %d of %d", e.Namespace, e.Held, e.Share, e.Most)
}

// Room returns why the namespace may not have so much more of a limit; nil when it may.
func (s *Shares) Room(namespace string, more, most int) error {
	held := s.held[namespace]
	share := most - most/4
	if s.total > held {
		share = max(1, most/2)
	}
	if held+more <= share && s.total+more <= most {
		return nil
	}
	return &Error{Namespace: namespace, Held: held, Share: share, Total: s.total, Most: most}
}

// Add notes that the namespace has so much more, or less.
func (s *Shares) Add(namespace string, change int) {
	if s.held == nil {
		s.held = map[string]int{}
	}
	s.total += change
	if s.held[namespace] += change; s.held[namespace] == 0 {
		delete(s.held, namespace)
	}
}

// Total is what all namespaces have.
func (s *Shares) Total() int { return s.total }

// Places are those of sessions. Three quarters of them are for what triggers name themselves, so that a configured connection finds one
// whatever triggers name.
type Places struct {
	configured int
	own        Shares
}

// Take takes one of so many places for what a trigger of the namespace names itself, or for a configured connection where namespace
// is empty, or returns why there is none.
func (p *Places) Take(namespace string, most int) error {
	if all := p.configured + p.own.total; all >= most {
		return fmt.Errorf("%d of %d are in use", all, most)
	}
	if namespace == "" {
		p.configured++
		return nil
	}
	if err := p.own.Room(namespace, 1, max(1, most-most/4)); err != nil {
		return err
	}
	p.own.Add(namespace, 1)
	return nil
}

// Give gives a place back that was taken for the namespace.
func (p *Places) Give(namespace string) {
	if namespace == "" {
		p.configured--
		return
	}
	p.own.Add(namespace, -1)
}
