package cluster

import (
	"context"
	"math/rand/v2"
	"time"

	"golang.org/x/sync/errgroup"
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
func (s *session) rotate(ctx context.Context, source *renewal) {
	s.rotation.Run(ctx, proveAgain, func(next Connection, failures int) error {
		if err := source.carryOver(ctx, next); err != nil {
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

// carryOver opens a client with the connection's credentials, and puts it in the place of the present one when Kafka has
// answered it.
func (r *renewal) carryOver(ctx context.Context, connection Connection) error {
	r.exchanging.Lock()
	defer r.exchanging.Unlock()
	client, err := r.open(connection)
	if err != nil {
		return err
	}
	if err := prove(ctx, client); err != nil {
		_ = letGo(client.close)
		return err
	}
	return r.exchange(connection, client)
}

// prove asks Kafka something that everybody may ask. What is wrong with credentials is reported beside it: the question
// itself only times out.
func prove(ctx context.Context, client source) error {
	asking, answered := context.WithCancel(ctx)
	var group errgroup.Group
	var reported error
	group.Go(func() error {
		for asking.Err() == nil {
			if err := client.poll(eventPoll); err != nil && (reported == nil || kindOf(err) == BadCredentials) {
				reported = err
			}
		}
		return nil
	})
	_, err := client.list(ctx)
	answered()
	_ = group.Wait()
	if err != nil && reported != nil {
		return reported
	}
	return err
}
