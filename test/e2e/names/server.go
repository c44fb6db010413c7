// Package names answers DNS questions on loopback, in place of Kubernetes' own DNS: a name stands for the addresses that a
// headless Service would have at the moment.
package names

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync"

	"golang.org/x/net/dns/dnsmessage"

	"github.com/lagwise/lagwise/test/loopback"
)

// Server knows names and their addresses.
type Server struct {
	connection net.PacketConn
	answering  sync.WaitGroup

	mu    sync.Mutex
	known map[string][]netip.Addr
}

// Start answers until Stop.
func Start(ctx context.Context) (*Server, error) {
	var listen net.ListenConfig
	connection, err := listen.ListenPacket(ctx, "udp", loopback.Address(0))
	if err != nil {
		return nil, fmt.Errorf("listen for DNS: %w", err)
	}
	s := &Server{connection: connection, known: map[string][]netip.Addr{}}
	s.answering.Go(s.answerAll)
	return s, nil
}

// Stop ends the server.
func (s *Server) Stop() error {
	err := s.connection.Close()
	s.answering.Wait()
	if err != nil {
		return fmt.Errorf("stop answering DNS: %w", err)
	}
	return nil
}

// Set makes the name, such as lagwise.keda.svc, stand for these addresses from now on; for none it stays known.
func (s *Server) Set(name string, addresses ...netip.Addr) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.known[canonical(name)] = addresses
}

// Target is how a gRPC client, and so a trigger's scalerAddress, names all addresses of a name: they are looked up here.
func (s *Server) Target(name string, port int) string {
	return fmt.Sprintf("dns://%s/%s:%d", s.connection.LocalAddr(), name, port)
}

func canonical(name string) string { return strings.ToLower(strings.TrimSuffix(name, ".")) }

func (s *Server) answerAll() {
	const longest = 512 // of a question over UDP
	question := make([]byte, longest)
	for {
		n, from, err := s.connection.ReadFrom(question)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			continue // the client asks again
		}
		if answer, err := s.answer(question[:n]); err == nil {
			_, _ = s.connection.WriteTo(answer, from) // the client asks again
		}
	}
}

// answer answers for IPv4 addresses; of everything else a known name has none.
func (s *Server) answer(packed []byte) ([]byte, error) {
	var asked dnsmessage.Message
	if err := asked.Unpack(packed); err != nil {
		return nil, fmt.Errorf("read the question: %w", err)
	}
	answer := dnsmessage.Message{
		Header:    dnsmessage.Header{ID: asked.ID, Response: true, Authoritative: true, RecursionAvailable: true},
		Questions: asked.Questions,
	}
	for _, question := range asked.Questions {
		addresses, isKnown := s.lookUp(question.Name.String())
		if !isKnown {
			answer.RCode = dnsmessage.RCodeNameError
		}
		if question.Type != dnsmessage.TypeA {
			continue
		}
		for _, address := range addresses {
			answer.Answers = append(answer.Answers, dnsmessage.Resource{
				Header: dnsmessage.ResourceHeader{Name: question.Name, Class: dnsmessage.ClassINET}, // not to be kept
				Body:   &dnsmessage.AResource{A: address.As4()},
			})
		}
	}
	packed, err := answer.Pack()
	if err != nil {
		return nil, fmt.Errorf("write the answer: %w", err)
	}
	return packed, nil
}

func (s *Server) lookUp(name string) (addresses []netip.Addr, isKnown bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	addresses, isKnown = s.known[canonical(name)]
	return addresses, isKnown
}
