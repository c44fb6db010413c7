package cluster

import "sync"

// login is what consumers are opened with, which a rotation of credentials exchanges.
type login struct {
	mu         sync.Mutex
	connection Connection
	// outdated is closed when the consumers are to be opened again.
	outdated chan struct{}
}

func newLogin(connection Connection) *login {
	return &login{connection: connection, outdated: make(chan struct{})}
}

// exchange has every consumer opened again.
func (l *login) exchange(connection Connection) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.connection = connection
	close(l.outdated)
	l.outdated = make(chan struct{})
}

// present is what to use until the channel is closed.
func (l *login) present() (connection Connection, outdated <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.connection, l.outdated
}
