package broker

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

const (
	// lanes is how many questions are under way on one connection, each on a channel of its own. Eight get 20,000 answers a second
	// from a broker on the same machine, one gets 5,600.
	lanes = 8
	// heartbeat finds a broker that went without a word, also between looks.
	heartbeat = 10 * time.Second
	// farewell is how long a broker may take to say goodbye.
	farewell = time.Second
	// proofTime is how long new credentials may take to be accepted, and questions to be answered on the connection that they replace.
	// RabbitMQ takes three seconds to say that a password is wrong.
	proofTime = 5 * time.Second
	// mostAbandoned is how many questions without an answer a connection may collect before it is made anew.
	mostAbandoned = 32
)

// amqpSource looks at queues through one AMQP connection, made when it is first needed and again after it broke.
type amqpSource struct {
	endpoint Endpoint
	free     chan *lane
	witness  *witness // nil where there is none

	asking    sync.WaitGroup
	abandoned atomic.Int64 // questions on the present link that were left behind

	mu   sync.Mutex
	link *link
}

// link is a connection, and the socket under it.
type link struct {
	*amqp.Connection
	socket *aside
	// single says that the broker is to be asked one question after the other on a channel.
	single atomic.Bool
}

// lane is a channel on a link. A queue that is missing closes the channel, and no other.
type lane struct {
	link    *link
	channel *amqp.Channel
}

func newAMQPSource(endpoint Endpoint) *amqpSource {
	s := &amqpSource{endpoint: endpoint, free: make(chan *lane, lanes)}
	for range lanes {
		s.free <- &lane{}
	}
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

// look declares the queue passively. The library's calls have no context: a question that is not answered in time is left behind
// with its channel, until the answer comes or the connection ends.
func (s *amqpSource) look(ctx context.Context, want Want) ([]Queue, error) {
	var l *lane
	select {
	case l = <-s.free:
	case <-ctx.Done():
		return nil, faultOf("waiting for a channel", ctx.Err())
	}
	link, err := s.connected(ctx)
	if err != nil {
		s.free <- l
		return nil, err
	}
	type answer struct {
		queue Queue
		err   error
	}
	answered := make(chan answer, 1)
	s.asking.Go(func() {
		queue, err := l.ask(link, want.Queue)
		answered <- answer{queue, err}
	})
	select {
	case a := <-answered:
		s.free <- l
		return []Queue{a.queue}, a.err
	case <-ctx.Done():
		s.free <- &lane{}
		if s.abandoned.Add(1) >= mostAbandoned {
			s.reset()
		}
		return nil, faultOf(fmt.Sprintf("queue %q", want.Queue), ctx.Err())
	}
}

// ask uses the lane's channel, or opens one where there is none, or one of an earlier connection.
func (l *lane) ask(link *link, queue string) (Queue, error) {
	var err error
	if l.link != link || l.channel == nil || l.channel.IsClosed() {
		l.link = link
		if l.channel, err = link.Channel(); err != nil {
			l.channel = nil
			return Queue{}, ofAMQP("opening a channel", err)
		}
	}
	state, err := l.channel.QueueDeclarePassive(queue, false, false, false, false, nil)
	if err != nil {
		l.channel = nil
		return Queue{}, ofAMQP(fmt.Sprintf("queue %q", queue), err)
	}
	return Queue{Name: queue, Ready: int64(state.Messages), Consumers: int64(state.Consumers)}, nil
}

// connected gives the present connection, or makes one.
func (s *amqpSource) connected(ctx context.Context) (*link, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.link != nil && !s.link.IsClosed() {
		return s.link, nil
	}
	link, err := dial(ctx, s.endpoint)
	if err != nil {
		return nil, err
	}
	s.link = link
	s.abandoned.Store(0)
	return link, nil
}

// renew makes a connection with the new credentials, which takes the place of the present one. What is under way there is waited for.
func (s *amqpSource) renew(ctx context.Context, endpoint Endpoint) error {
	dialing, cancel := context.WithTimeout(ctx, proofTime)
	defer cancel()
	next, err := dial(dialing, endpoint)
	if err != nil {
		return err
	}
	s.mu.Lock()
	last := s.link
	s.endpoint, s.link = endpoint, next
	s.abandoned.Store(0)
	s.mu.Unlock()
	if s.witness != nil {
		s.witness.api.way.Swap(newHTTPWay(endpoint.management())).close()
	}
	if last == nil {
		return nil
	}
	select {
	case <-ctx.Done():
	case <-time.After(proofTime):
	}
	last.end()
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
	s.asking.Wait()
}

// end closes the connection, whatever the broker says.
func (l *link) end() {
	_ = l.CloseDeadline(time.Now().Add(farewell))
	_ = l.socket.Close()
}

func dial(ctx context.Context, endpoint Endpoint) (*link, error) {
	const about = "connecting"
	plain, err := (&net.Dialer{}).DialContext(ctx, "tcp", endpoint.Address)
	if err != nil {
		return nil, faultOf(about, err)
	}
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
	return &link{Connection: connection, socket: shared}, nil
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

// ofOpening says why there is no connection.
func ofOpening(about string, err error, endpoint Endpoint, heard *overheard, asked *demand) *Fault {
	switch {
	case errors.Is(err, amqp.ErrCredentials) && endpoint.provesItself():
		return &Fault{Kind: BadCredentials, About: about, Err: asked.explain(errors.New("the broker has no user by the name in the certificate"))}
	case errors.Is(err, amqp.ErrSASL) && endpoint.provesItself():
		return &Fault{Kind: BadCredentials, About: about, Err: errors.New("the broker takes no certificate for a login (EXTERNAL): give a username")}
	case errors.Is(err, amqp.ErrCredentials), errors.Is(err, amqp.ErrSASL), errors.Is(err, amqp.ErrVhost):
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
