package cluster

import (
	"context"
	"math/rand/v2"
	"time"
)

// New credentials that do not work yet are tried again after random, growing pauses: neither Kafka nor whoever counts
// failed logins shall be pestered.
const (
	firstProof = time.Second
	lastProof  = time.Minute
)

// Renew carries the session of a connection over to new credentials, and everybody who subscribes from now on: those who
// were given the old ones as well. Sessions of connections with other brokers or another kind of credentials stay as they
// are, though of the same name.
func (p *Pool) Renew(connection Connection) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.renewed[connection.Name] = connection
	key := connection.fingerprint()
	for old, s := range p.sessions {
		if old == key || s.connection.Name != connection.Name || !s.connection.LooksLike(connection) {
			continue
		}
		delete(p.sessions, old)
		s.key = key
		p.sessions[key] = s
		s.rotation.To(connection)
	}
}

// latest is the connection with its newest credentials.
func (p *Pool) latest(connection Connection) Connection {
	if renewed, found := p.renewed[connection.Name]; found && renewed.LooksLike(connection) {
		return renewed
	}
	return connection
}

// rotate exchanges credentials when asked to. The new ones are tried with a client of their own, and used when Kafka takes them:
// what is known stays known.
func (s *session) rotate(ctx context.Context, client *rotatingClient) {
	s.rotation.Run(ctx, proveAgain, func(next Connection, failures int) error {
		if err := client.carryOver(ctx, next); err != nil {
			if failures == 0 {
				s.log.Warn("Kafka does not take the new credentials yet; the old ones stay in use", "error", err)
			}
			return err
		}
		for _, lane := range s.lanes {
			lane.reopen(next)
		}
		s.log.Info("the credentials were exchanged", "failures", failures)
		return nil
	})
}

func proveAgain(failures int) time.Duration {
	limit := min(firstProof<<min(failures, 10), lastProof)
	return limit/2 + rand.N(limit/2) //nolint:gosec // jitter needs no secrecy
}
