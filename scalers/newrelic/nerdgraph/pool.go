package nerdgraph

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/lagwise/lagwise/scalers/crew"
)

// Options are a pool's settings; zero values give the defaults.
type Options struct {
	// MaxSnapshotAge is how old an answer may grow before it is an error. At least three intervals of its connection, which is
	// the default.
	MaxSnapshotAge time.Duration
	// Transport carries requests; by default as newTransport does, by the proxy that the environment names.
	Transport http.RoundTripper
	Log       *slog.Logger
}

// Pool owns the sessions: one for each distinct Connection that somebody subscribes to.
type Pool struct {
	options Options
	crew    *crew.Crew

	mu sync.Mutex
	// sessions are found by their connection without its key.
	sessions map[Connection]*session
	// renewed are the connections whose key was exchanged, by name.
	renewed map[string]Connection
}

// NewPool makes a pool; nothing is asked before Run.
func NewPool(options Options) *Pool {
	if options.Transport == nil {
		options.Transport = newTransport()
	}
	if options.Log == nil {
		options.Log = slog.New(slog.DiscardHandler)
	}
	return &Pool{options: options, crew: crew.New(), sessions: map[Connection]*session{}, renewed: map[string]Connection{}}
}

// Run asks until ctx ends, and returns when the last request has.
func (p *Pool) Run(ctx context.Context) error {
	return p.crew.Run(ctx)
}

// Subscribe has the query asked from now on. It does no I/O.
func (p *Pool) Subscribe(connection Connection, want Want) *Subscription {
	p.mu.Lock()
	defer p.mu.Unlock()
	if renewed, found := p.renewed[connection.Name]; found && renewed.LooksLike(connection) {
		connection = renewed
	}
	s, found := p.sessions[connection.keyless()]
	if !found {
		s = newSession(connection, p.options)
		p.sessions[connection.keyless()] = s
	}
	s.renew(connection.Key) // a TriggerAuthentication's key comes with the triggers that name it
	q, found := s.queries[want]
	if !found {
		life, end := context.WithCancel(context.Background())
		q = newQuery(want, s, end)
		s.queries[want] = q
		p.crew.Join(func(ctx context.Context) error {
			ctx, cancel := context.WithCancel(ctx)
			defer cancel()
			defer context.AfterFunc(life, cancel)()
			q.run(ctx)
			return nil
		})
	}
	q.subscribers++
	return &Subscription{query: q, leave: sync.OnceFunc(func() { p.leave(q) })}
}

// leave ends a subscription; the last one out ends its query, and the last query its session.
func (p *Pool) leave(q *query) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if q.subscribers--; q.subscribers > 0 {
		return
	}
	q.end()
	s := q.session
	delete(s.queries, q.want)
	if len(s.queries) == 0 {
		delete(p.sessions, s.connection.keyless())
	}
}

// Renew has everybody on a connection go on with its new key. One that New Relic does not accept is no harm while the old one
// is good.
func (p *Pool) Renew(connection Connection) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.renewed[connection.Name] = connection
	if s, found := p.sessions[connection.keyless()]; found {
		s.renew(connection.Key)
	}
}
