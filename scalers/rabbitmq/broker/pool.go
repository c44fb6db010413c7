package broker

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/lagwise/lagwise/scalers/crew"
	"github.com/lagwise/lagwise/scalers/share"
)

// Options are a pool's settings; zero values give the defaults.
type Options struct {
	// RefreshInterval is how often everything is observed; 5 s by default.
	RefreshInterval time.Duration
	// MaxSnapshotAge is how old an observation may grow before it is an error; three times RefreshInterval by default.
	MaxSnapshotAge time.Duration
	// RequestTimeout bounds one question to a broker, and the making of a connection; 5 s by default: RabbitMQ takes three to say
	// that a password is wrong.
	RequestTimeout time.Duration
	// MaxSessions bounds the sessions alive at once; 256 by default.
	MaxSessions int
	// LooksPerSecond bounds what a broker is asked by AMQP about queues that inactive push triggers wait for; 5,000 by default.
	LooksPerSecond int
	Log            *slog.Logger
}

func (o Options) withDefaults() Options {
	if o.RefreshInterval <= 0 {
		o.RefreshInterval = 5 * time.Second
	}
	if o.MaxSnapshotAge <= 0 {
		o.MaxSnapshotAge = 3 * o.RefreshInterval
	}
	if o.RequestTimeout <= 0 {
		o.RequestTimeout = 5 * time.Second
	}
	if o.LooksPerSecond <= 0 {
		o.LooksPerSecond = 5000
	}
	if o.MaxSessions <= 0 {
		o.MaxSessions = 256
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return o
}

// Pool owns the sessions: one for each distinct Endpoint that somebody subscribes to.
type Pool struct {
	options Options
	open    func(Endpoint) source
	crew    *crew.Crew

	mu sync.Mutex
	// sessions are found by their endpoint's identity.
	sessions map[Endpoint]*session
	places   share.Places
	// renewed are the endpoints whose credentials were exchanged, by their identity on any vhost.
	renewed map[Endpoint]Endpoint
}

// NewPool makes a pool; nothing is connected before Run.
func NewPool(options Options) *Pool {
	return &Pool{
		options: options.withDefaults(), open: openSource, crew: crew.New(),
		sessions: map[Endpoint]*session{}, renewed: map[Endpoint]Endpoint{},
	}
}

// SetMaxSessions changes the bound on the sessions alive at once. Those that are stay.
func (p *Pool) SetMaxSessions(most int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.options.MaxSessions = most
}

// Subscribe asks for want to be observed at the endpoint from now on. It does no I/O. Sessions begin when Run runs. The name is
// what the endpoint is called in the log.
//
// The namespace is that of the trigger that brings the endpoint, empty for a configured connection.
func (p *Pool) Subscribe(name, namespace string, endpoint Endpoint, want Want) (*Subscription, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if renewed, found := p.renewed[endpoint.everywhere()]; found && endpoint.Connection != "" { // the trigger may have been decoded before
		endpoint = endpoint.as(renewed)
	}
	s, found := p.sessions[endpoint.identity()]
	if !found {
		if err := p.places.Take(namespace, p.options.MaxSessions); err != nil {
			return nil, &Fault{Kind: Exhausted, About: "limits.sessions of lagwise's configuration", Err: err}
		}
		s = newSession(name, endpoint, p.options, p.open)
		s.namespace = namespace
		p.sessions[endpoint.identity()] = s
		p.crew.Join(s.run)
	}
	return &Subscription{pool: p, session: s, subject: s.join(want)}, nil
}

// leave ends a subscription; the last one out ends its session. It runs under the pool's lock so that nobody can join a session
// that is about to end.
func (p *Pool) leave(s *session, subject *subject) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if s.leave(subject) > 0 {
		return
	}
	close(s.abandoned)
	p.places.Give(s.namespace)
	delete(p.sessions, s.endpoint.identity())
}

// Renew has the sessions of a named connection go on with new credentials, and everybody who subscribes from now on. Endpoints are all
// that the connection has, on whatever vhost. Sessions with other addresses or users stay as they are, though of the same name.
func (p *Pool) Renew(endpoints ...Endpoint) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, endpoint := range endpoints {
		p.renewed[endpoint.everywhere()] = endpoint
		for _, s := range p.sessions {
			if s.endpoint.everywhere() == endpoint.everywhere() {
				s.rotation.To(s.endpoint.as(endpoint))
			}
		}
	}
}

// Run keeps the sessions going until ctx ends, and returns when the last of them has closed.
func (p *Pool) Run(ctx context.Context) error { return p.crew.Run(ctx) }

// source is a broker as a session needs it.
type source interface {
	// look reads what is wanted, and waits until ctx ends. Its error is a *Fault.
	look(ctx context.Context, want Want) ([]Queue, error)
	// lookAtMany reads what many want, together where that costs less, and tells what came of each by its place, at once. What takes long
	// while the broker answers others is told to be overdue, and not waited for. asked is how many requests that took. Its error is what kept it
	// from those that it has not told of, and concerns everybody. Each want has a Timeout. tell is called by one goroutine at a time.
	lookAtMany(ctx context.Context, wants []Want, tell func(i int, a answer)) (asked int, err error)
	// renew goes on with other credentials once the broker has taken them; until then, and with an error, all stays as it is.
	renew(ctx context.Context, endpoint Endpoint) error
	// reset gives connections up that do not answer.
	reset()
	close()
}

// answer is what a source read for a Want, how long that took, or the *Fault that kept it from that.
type answer struct {
	queues []Queue
	took   time.Duration
	err    error
	// late reports that it takes, or took, so long that others must not wait for it the next time.
	late bool
}

// errOverdue reports that something takes longer than its share of a pass.
var errOverdue = &Fault{Kind: TimedOut, About: "looking at a queue", Err: errors.New("not answered while others are")}

func openSource(endpoint Endpoint) source { //nolint:ireturn // which of the two is decided here
	if endpoint.Protocol == HTTP {
		return newHTTPSource(endpoint)
	}
	return newAMQPSource(endpoint)
}
