// Package sessions is what a session with a source tells of itself, whatever the source: for metrics, and for the page. Every pool of
// sessions lists its own in this form.
package sessions

import (
	"fmt"
	"time"
)

// Status is how one session fares.
type Status struct {
	// Source is the scaler whose session it is, such as kafka; Connection is as the configuration or the trigger calls it. Two sessions
	// of one name differ in what is not to be told, such as a password.
	Source, Connection string
	// Triggers are those that are answered from it.
	Triggers int
	// Fault is the kind of the latest failure in one word, and Trouble says more; both are empty while the source answers.
	Fault, Trouble string
	// Down says that the fault keeps the source from answering anything.
	Down bool
	// Doing says in words what the session does.
	Doing string
	Refreshes
	Requests []Requests
	// Waits are what a session has so that push triggers hear of work at once.
	Waits []Count
	// Woken counts how often something had a trigger looked at out of turn.
	Woken uint64
}

// Refreshes are the looks at everything that a session has made.
type Refreshes struct {
	// Done counts those that the source answered, Took is how long they took together, and Latest the latest of them; Failed counts
	// the others.
	Done, Failed uint64
	Took, Latest time.Duration
	// Pause is the time between the latest one and the next. It grows while the source fails, or is slow.
	Pause time.Duration
}

// Requests are what a source was asked in one way.
type Requests struct {
	// Name is the request's name in the source's own words.
	Name string
	// Sent counts all of them, Failed those that failed as a whole, by the kind of failure.
	Sent   uint64
	Failed map[string]uint64
}

// Count is how many there are of something.
type Count struct {
	What string
	N    int
}

// Observes says in words how often everything is looked at, and how long that takes.
func (s Status) Observes() string {
	text := fmt.Sprintf("observes every %v", s.Pause.Round(time.Millisecond))
	if s.Down {
		text = fmt.Sprintf("tries again after %v", s.Pause.Round(time.Millisecond))
	}
	if s.Done > 0 {
		text += fmt.Sprintf("; the latest look took %v", s.Latest.Round(100*time.Microsecond))
	}
	return text
}
