package cluster

import (
	"context"
	"crypto/sha256"
	"log/slog"
	"sync"
	"time"

	"github.com/lagwise/lagwise/scalers/crew"
	"github.com/lagwise/lagwise/scalers/share"
)

// Options are a pool's settings; zero values give the defaults.
type Options struct {
	// RefreshInterval is how often every subscription is observed; 5 s by default.
	RefreshInterval time.Duration
	// MaxSnapshotAge is how old an observation may grow before it is an error; three times RefreshInterval by default.
	MaxSnapshotAge time.Duration
	// TopicLife is for how long a topic's partitions are taken as known; six times RefreshInterval by default.
	TopicLife time.Duration
	// GroupLife is after how long a group's commits are read again although nothing moved; twice RefreshInterval by default. A group that
	// was reset to an earlier offset is noticed within five quarters of that, and a refresh.
	GroupLife time.Duration
	// RequestTimeout bounds one request to Kafka; 5 s by default. A request that is stuck delays nobody but those who need it.
	RequestTimeout time.Duration
	// FetchWait is how long a broker holds a fetch that finds nothing; 1 s by default. A short wait costs requests while nothing
	// happens, a long one makes newcomers of partitions for longer.
	FetchWait time.Duration
	// MaxSessions bounds the sessions alive at once; 256 by default.
	MaxSessions int
	// Embedded makes allowances for librdkafka's embedded broker: it answers a fetch only when its wait is over, records or not.
	Embedded bool
	Log      *slog.Logger

	bearers *bearers
}

func (o Options) withDefaults() Options {
	if o.RefreshInterval <= 0 {
		o.RefreshInterval = 5 * time.Second
	}
	if o.MaxSnapshotAge <= 0 {
		o.MaxSnapshotAge = 3 * o.RefreshInterval
	}
	if o.TopicLife <= 0 {
		o.TopicLife = 6 * o.RefreshInterval
	}
	if o.GroupLife <= 0 {
		o.GroupLife = 2 * o.RefreshInterval
	}
	if o.RequestTimeout <= 0 {
		o.RequestTimeout = 5 * time.Second
	}
	switch {
	case o.FetchWait > 0:
	case o.Embedded:
		o.FetchWait = 20 * time.Millisecond
	default:
		o.FetchWait = time.Second
	}
	if o.MaxSessions <= 0 {
		o.MaxSessions = 256
	}
	o.bearers = newBearers()
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return o
}

// SetMaxSessions changes the bound on the sessions alive at once. Those that are stay.
func (p *Pool) SetMaxSessions(most int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.options.MaxSessions = most
}

// Pool owns the sessions: one for each distinct Connection that somebody subscribes to.
type Pool struct {
	options Options
	open    func(Connection, Options) (client, error)
	read    func(configured) (reader, error)

	mu       sync.Mutex
	sessions map[[sha256.Size]byte]*session
	places   share.Places
	// renewed are the connections whose credentials were exchanged, by name.
	renewed map[string]Connection
	crew    *crew.Crew
}

// NewPool makes a pool; nothing is connected before Run.
func NewPool(options Options) *Pool {
	return &Pool{
		options: options.withDefaults(), open: openBrokers, read: openReader,
		sessions: map[[sha256.Size]byte]*session{}, renewed: map[string]Connection{}, crew: crew.New(),
	}
}

// Subscribe asks for want to be observed on connection from now on. It does no I/O. Sessions begin when Run runs.
func (p *Pool) Subscribe(connection Connection, want Want) (*Subscription, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	connection = p.latest(connection)
	key := connection.fingerprint()
	s, found := p.sessions[key]
	if !found {
		if err := p.places.Take(connection.Namespace, p.options.MaxSessions); err != nil {
			return nil, &Fault{Kind: Exhausted, About: "limits.sessions of lagwise's configuration", Err: err}
		}
		s = newSession(connection, p.options, p.leave)
		s.key, s.open, s.read = key, p.open, p.read
		p.sessions[key] = s
		p.crew.Join(s.run)
	}
	return s.join(want), nil
}

// leave ends a subscription; the last one out ends its session. It runs under the pool's lock so that nobody can join
// a session that is about to end.
func (p *Pool) leave(s *session, subscription *Subscription) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if s.remove(subscription) > 0 {
		return
	}
	close(s.abandoned)
	p.places.Give(s.connection.Namespace)
	if p.sessions[s.key] == s { // two sessions that were carried over to the same credentials have the same key
		delete(p.sessions, s.key)
	}
}

// Run keeps the sessions going until ctx ends, and returns when the last of them has closed.
func (p *Pool) Run(ctx context.Context) error { return p.crew.Run(ctx) }
