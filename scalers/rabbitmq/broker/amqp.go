package broker

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

const (
	// heartbeat finds a broker that went without a word, also between looks.
	heartbeat = 10 * time.Second
	// farewell is how long a broker may take to say goodbye.
	farewell = time.Second
	// proofTime is how long new credentials may take to be accepted.
	proofTime = 5 * time.Second
	// batch is how many questions go out in one write: with 128 a question costs half of what it does with eight.
	batch = 128
	// stall is how long the answers to a batch may take before its questions go out on channels of their own, and how long each of these may
	// then take while the broker answers others. A batch usually takes 5 ms.
	stall = 25 * time.Millisecond
	// mostAbandoned is how many channels a connection may have whose question was left behind, before another connection takes its place.
	mostAbandoned = 256
)

// amqpSource looks at queues through one AMQP connection, made when it is first needed and again after it broke.
type amqpSource struct {
	endpoint Endpoint
	dial     func(ctx context.Context, endpoint Endpoint) (*link, error)
	witness  *witness // nil where there is none

	ending sync.WaitGroup // connections that end

	mu   sync.Mutex
	link *link
}

// link is a connection, the socket under it, and lagwise's own channels on it.
type link struct {
	*amqp.Connection
	socket   *aside
	channels *channels
	// users counts the inquiries on it, and retired reports that it ends with the last of them. Both are under the source's lock.
	users   int
	retired bool
}

func newAMQPSource(endpoint Endpoint) *amqpSource {
	s := &amqpSource{endpoint: endpoint, dial: dial}
	if endpoint.Management != "" {
		s.witness = &witness{api: newHTTPSource(endpoint.management()), vhost: endpoint.Vhost}
	}
	return s
}

func (s *amqpSource) testify(ctx context.Context, want Want) (testimony, error) {
	if s.witness == nil {
		return noTestimony, nil
	}
	return s.witness.testify(ctx, want.Queue)
}

// look asks about one queue, and waits until ctx ends.
func (s *amqpSource) look(ctx context.Context, want Want) (queues []Queue, err error) {
	_, failed := s.inquire(ctx, []Want{want}, 0, func(_ int, a answer) { queues, err = a.queues, a.err })
	if failed != nil {
		return nil, failed
	}
	return queues, err
}

// lookAtMany declares the queues passively, many at once.
func (s *amqpSource) lookAtMany(ctx context.Context, wants []Want, tell func(i int, a answer)) (asked int, err error) {
	for some := range slices.Chunk(wants, batch) {
		first := asked
		within, cancel := context.WithTimeout(ctx, some[0].Timeout)
		overdue, err := s.inquire(within, some, stall, func(i int, a answer) { tell(first+i, a) })
		cancel()
		if err != nil {
			return asked, err
		}
		for _, i := range overdue {
			tell(first+i, answer{err: errOverdue, late: true})
		}
		asked += len(some)
	}
	return asked, nil
}

// inquire asks about queues in one write, and tells of each answer once it is there. With a patience it ends when answers are outstanding
// for longer although the broker answers other questions: overdue are the queues without answer then. Its error is the connection's.
func (s *amqpSource) inquire(ctx context.Context, wants []Want, patience time.Duration, tell func(i int, a answer)) (overdue []int, err error) {
	l, err := s.use(ctx)
	if err != nil {
		return nil, err
	}
	names, places := make([]string, len(wants)), make([]int, len(wants))
	for i, want := range wants {
		names[i], places[i] = want.Queue[:min(len(want.Queue), longestQueue)], i // no queue has a longer name
	}
	q := newInquiry(names)
	err = l.follow(ctx, q, places, patience, tell)
	overdue, abandoned := l.channels.end(q)
	s.leave(l, abandoned)
	if err != nil {
		about := "asking for queues"
		if len(wants) == 1 {
			about = fmt.Sprintf("queue %q", wants[0].Queue)
		}
		return overdue, faultOf(about, err)
	}
	return overdue, nil
}

// follow asks, and returns when all is answered, when the patience has ended, or with the connection's error.
func (l *link) follow(ctx context.Context, q *inquiry, places []int, patience time.Duration, tell func(i int, a answer)) error {
	spread, proved := false, false
	if err := l.channels.ask(q, places); err != nil {
		return err
	}
	var late <-chan time.Time
	if patience > 0 {
		timer := time.NewTimer(patience)
		defer timer.Stop()
		late = timer.C
	}
	for {
		results, lost, unanswered, alive, err := l.channels.news(q)
		for _, one := range results {
			tell(one.at, one.answer(q.queues[one.at]))
		}
		switch {
		case unanswered == 0:
			return nil
		case err != nil:
			return err
		case spread && alive && !proved:
			proved, late = true, time.After(patience)
		}
		if err := l.askAgain(q, lost, spread); err != nil {
			return err
		}
		select {
		case <-q.progress:
		case <-ctx.Done():
			return ctx.Err()
		case <-late:
			if spread {
				return nil
			}
			if spread, late = true, nil; l.channels.spread(q) != nil {
				return nil // the connection has no channel left: those that are unanswered are asked on another one
			}
		}
	}
}

// askAgain asks about queues that were on a channel which the broker has closed for another queue: together, or each on a channel of its own.
func (l *link) askAgain(q *inquiry, lost []int, each bool) error {
	if len(lost) == 0 {
		return nil
	}
	if !each {
		return l.channels.ask(q, lost)
	}
	for _, at := range lost {
		if err := l.channels.ask(q, []int{at}); err != nil {
			return err
		}
	}
	return nil
}

func (r result) answer(queue string) answer {
	if r.refusal != nil {
		fault := ofAMQP(fmt.Sprintf("queue %q", queue), r.refusal)
		fault.alone = true
		return answer{took: r.took, late: r.took > stall, err: fault}
	}
	return answer{took: r.took, late: r.took > stall, queues: []Queue{{Name: queue, Ready: int64(r.seen.messages), Consumers: int64(r.seen.consumers)}}}
}

// use gives the present connection, or makes one. leave must be called.
func (s *amqpSource) use(ctx context.Context) (*link, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.link == nil || s.link.IsClosed() {
		link, err := s.dial(ctx, s.endpoint)
		if err != nil {
			return nil, err
		}
		s.link = link
	}
	s.link.users++
	return s.link, nil
}

// leave ends the use of a connection. One with many abandoned channels is left to those who still use it.
func (s *amqpSource) leave(l *link, abandoned int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l.users--
	if abandoned >= min(mostAbandoned, l.channels.most/2+1) {
		l.retired = true
		if s.link == l {
			s.link = nil
		}
	}
	if l.retired && l.users == 0 {
		s.ending.Go(l.end)
	}
}

// renew makes a connection with the new credentials, which takes the place of the present one. What is under way there is waited for.
func (s *amqpSource) renew(ctx context.Context, endpoint Endpoint) error {
	dialing, cancel := context.WithTimeout(ctx, proofTime)
	defer cancel()
	next, err := s.dial(dialing, endpoint)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if last := s.link; last != nil {
		if last.retired = true; last.users == 0 {
			s.ending.Go(last.end)
		}
	}
	s.endpoint, s.link = endpoint, next
	if s.witness != nil {
		s.witness.api.way.Swap(newHTTPWay(endpoint.management())).close()
	}
	return nil
}

// reset gives the connection up: the next look makes another.
func (s *amqpSource) reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.link != nil {
		_ = s.link.socket.Close()
		s.link = nil
	}
}

func (s *amqpSource) close() {
	s.mu.Lock()
	if s.link != nil {
		s.link.end()
	}
	s.mu.Unlock()
	s.reset()
	if s.witness != nil {
		s.witness.api.close()
	}
	s.ending.Wait()
}

// end closes the connection, whatever the broker says.
func (l *link) end() {
	_ = l.CloseDeadline(time.Now().Add(farewell))
	_ = l.socket.Close()
}

func dial(ctx context.Context, endpoint Endpoint) (*link, error) {
	plain, err := (&net.Dialer{}).DialContext(ctx, "tcp", endpoint.Address)
	if err != nil {
		return nil, faultOf("connecting", err)
	}
	return open(ctx, plain, endpoint)
}

// open logs in on a socket.
func open(ctx context.Context, plain net.Conn, endpoint Endpoint) (l *link, err error) {
	const about = "connecting"
	stop := context.AfterFunc(ctx, func() { _ = plain.Close() })
	defer stop()
	socket, asked := plain, &demand{}
	if endpoint.Encrypted {
		if socket, err = encrypt(ctx, plain, endpoint, asked); err != nil {
			return nil, faultOf(about, err)
		}
	}
	heard := overhear(socket)
	shared := newAside(heard)
	connection, err := amqp.Open(shared, amqp.Config{
		SASL: []amqp.Authentication{proofOf(endpoint)}, Vhost: endpoint.Vhost, Heartbeat: heartbeat, Locale: "en_US",
		Properties: amqp.Table{"product": "lagwise", "connection_name": "lagwise"},
	})
	if err != nil {
		_ = socket.Close()
		if ctx.Err() != nil {
			return nil, faultOf(about, ctx.Err())
		}
		return nil, ofOpening(about, err, endpoint, heard, asked)
	}
	shared.opened.Store(true)
	own := newChannels(shared, int(connection.Config.ChannelMax))
	shared.own.Store(own)
	return &link{Connection: connection, socket: shared, channels: own}, nil
}

func encrypt(ctx context.Context, socket net.Conn, endpoint Endpoint, asked *demand) (net.Conn, error) {
	host, _, err := net.SplitHostPort(endpoint.Address)
	if err != nil {
		return nil, fmt.Errorf("the address: %w", err)
	}
	config, err := endpoint.TLS.Config(host)
	if err != nil {
		return nil, err
	}
	asked.watch(config)
	encrypted := tls.Client(socket, config)
	if err := encrypted.HandshakeContext(ctx); err != nil {
		_ = socket.Close()
		return nil, fmt.Errorf("TLS: %w", asked.explain(err))
	}
	return encrypted, nil
}

// provesItself says that the certificate is lagwise's login: there is one, and no user (KEDA: rabbitmq_scaler.go, buildAMQPConfig).
func (e Endpoint) provesItself() bool { return e.Username == "" && e.TLS.Certificate != "" }

func proofOf(endpoint Endpoint) amqp.Authentication { //nolint:ireturn // as the library takes it
	if endpoint.provesItself() {
		return &amqp.ExternalAuth{}
	}
	return &amqp.PlainAuth{Username: endpoint.Username, Password: string(endpoint.Password)}
}

// ofOpening says why there is no connection. A broker names a user that it refuses (403) and a vhost (530), or hangs up without a word, for
// which the library has errors of its own.
func ofOpening(about string, err error, endpoint Endpoint, heard *overheard, asked *demand) *Fault {
	answer, answered := errors.AsType[*amqp.Error](err)
	refused := answered && answer.Code == amqp.AccessRefused && !errors.Is(err, amqp.ErrVhost) && !errors.Is(err, amqp.ErrSASL)
	switch {
	case refused && endpoint.provesItself():
		return &Fault{Kind: BadCredentials, About: about, Err: asked.explain(errors.New("the broker has no user by the name in the certificate"))}
	case errors.Is(err, amqp.ErrSASL) && endpoint.provesItself():
		return &Fault{Kind: BadCredentials, About: about, Err: errors.New("the broker takes no certificate for a login (EXTERNAL): give a username")}
	case refused:
		return &Fault{Kind: BadCredentials, About: about, Err: errors.New(amqp.ErrCredentials.Reason)}
	case answered && answer.Code == amqp.NotAllowed: // nobody gets through: the vhost is missing, or not for this user
		return &Fault{Kind: BadCredentials, About: about, Err: errors.New(answer.Reason)}
	case errors.Is(err, amqp.ErrSASL), errors.Is(err, amqp.ErrVhost):
		return ofAMQP(about, err)
	}
	if why := asked.explain(heard.explain(err)); why != err { //nolint:errorlint // whether it is still the same one
		return &Fault{Kind: Unreachable, About: about, Err: why}
	}
	return ofAMQP(about, err)
}

// ofAMQP gives an error of the library its kind.
func ofAMQP(about string, err error) *Fault {
	answer, is := errors.AsType[*amqp.Error](err)
	if !is {
		return faultOf(about, err)
	}
	kind := Internal
	switch {
	case errors.Is(err, amqp.ErrCredentials), errors.Is(err, amqp.ErrSASL):
		kind = BadCredentials
	case errors.Is(err, amqp.ErrVhost):
		kind = BadCredentials // nobody gets through: the vhost is missing, or not for this user
	case answer.Code == amqp.NotFound:
		kind = UnknownQueue
	case answer.Code == amqp.AccessRefused, answer.Code == amqp.ResourceLocked, answer.Code == amqp.NotAllowed:
		kind = Denied
	case answer.Code == amqp.ConnectionForced, answer.Code == amqp.ChannelError, answer.Code == amqp.FrameError,
		answer.Code == amqp.InternalError, answer.Code == amqp.ResourceError:
		kind = Unreachable
	}
	return &Fault{Kind: kind, About: about, Err: errors.New(answer.Reason)}
}
