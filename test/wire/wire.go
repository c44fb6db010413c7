// Package wire is a network in memory between a server and those who dial it, on whose connections everything can be lost
// without either side hearing of it, as behind a firewall that has forgotten them.
package wire

import (
	"context"
	"errors"
	"net"
	"sync/atomic"

	"github.com/lagwise/lagwise/test/loopback"
)

// Wire is the server's listener.
type Wire struct {
	dialled chan net.Conn
	closed  chan struct{}
	// lost counts the losses so far: a connection is lost by those after it.
	lost atomic.Int64
}

// Lose loses from now on whatever is written to the connections there are. New ones are well.
func (w *Wire) Lose() { w.lost.Add(1) }

// Dial connects, whatever the address.
func (w *Wire) Dial(ctx context.Context, _, _ string) (net.Conn, error) {
	here, there := net.Pipe()
	lost := w.lost.Load()
	select {
	case w.dialled <- end{there, w, lost}:
		return end{here, w, lost}, nil
	case <-w.closed:
		return nil, errors.New("nobody listens")
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Accept waits for somebody who dials.
func (w *Wire) Accept() (net.Conn, error) {
	select {
	case conn := <-w.dialled:
		return conn, nil
	case <-w.closed:
		return nil, net.ErrClosed
	}
}

// Close ends listening. It must be called once.
func (w *Wire) Close() error {
	close(w.closed)
	return nil
}

// Addr is one that certificates of tests are made for.
func (w *Wire) Addr() net.Addr { return &net.TCPAddr{IP: net.ParseIP(loopback.Host), Port: 443} }

// end is one end of a connection.
type end struct {
	net.Conn
	wire *Wire
	lost int64
}

func (e end) Write(b []byte) (int, error) {
	if e.wire.lost.Load() != e.lost {
		return len(b), nil
	}
	return e.Conn.Write(b) //nolint:wrapcheck // as the connection has it
}
