// Package latency puts a distance between clients and a server of the tests: a TCP proxy that delivers everything late.
package latency

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"
)

// Proxy forwards connections to a server. What either side sends arrives after the delay, in order and without a limit on
// the bandwidth.
type Proxy struct {
	listener net.Listener
	server   string
	delay    time.Duration

	stop    context.CancelFunc
	running sync.WaitGroup
}

// Start listens on the address and forwards to the server, each way with the delay. The proxy runs until Stop.
func Start(address, server string, delay time.Duration) (*Proxy, error) {
	ctx, stop := context.WithCancel(context.Background())
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		stop()
		return nil, fmt.Errorf("listen for what is to be delayed: %w", err)
	}
	p := &Proxy{listener: listener, server: server, delay: delay, stop: stop}
	p.running.Go(func() { p.accept(ctx) })
	return p, nil
}

// Address is where the proxy listens.
func (p *Proxy) Address() string { return p.listener.Addr().String() }

// Stop closes the listener and every connection, and returns when they are gone.
func (p *Proxy) Stop() error {
	p.stop()
	err := p.listener.Close()
	p.running.Wait()
	if err != nil && !errors.Is(err, net.ErrClosed) {
		return fmt.Errorf("close the proxy's listener: %w", err)
	}
	return nil
}

func (p *Proxy) accept(ctx context.Context) {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return // it is closed
		}
		p.running.Go(func() { p.forward(ctx, client) })
	}
}

// forward delivers both ways until one side closes. The handshake with a distant server takes a round trip.
func (p *Proxy) forward(ctx context.Context, client net.Conn) {
	defer client.Close() //nolint:errcheck // nothing is lost that arrived in time
	if !wait(ctx, 2*p.delay) {
		return
	}
	server, err := (&net.Dialer{}).DialContext(ctx, "tcp", p.server)
	if err != nil {
		return
	}
	defer server.Close() //nolint:errcheck // nothing is lost that arrived in time
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var both sync.WaitGroup
	both.Go(func() { defer cancel(); p.deliver(ctx, server, client) })
	both.Go(func() { defer cancel(); p.deliver(ctx, client, server) })
	<-ctx.Done()
	_, _ = client.Close(), server.Close() // ends both reads
	both.Wait()
}

// chunk is what was read at once, and when it arrives.
type chunk struct {
	bytes   []byte
	arrives time.Time
}

// deliver writes what it reads once the delay is over. It reads on meanwhile.
func (p *Proxy) deliver(ctx context.Context, into io.Writer, from io.Reader) {
	underway := make(chan chunk, 4096)
	var reading sync.WaitGroup
	defer reading.Wait()
	reading.Go(func() {
		defer close(underway)
		for {
			bytes := make([]byte, 32<<10)
			n, err := from.Read(bytes)
			if err != nil {
				return
			}
			select {
			case underway <- chunk{bytes[:n], time.Now().Add(p.delay)}:
			case <-ctx.Done():
				return
			}
		}
	})
	for next := range underway {
		if !wait(ctx, time.Until(next.arrives)) {
			return
		}
		if _, err := into.Write(next.bytes); err != nil {
			return
		}
	}
}

func wait(ctx context.Context, pause time.Duration) (passed bool) {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
