package status

import (
	"context"
	"io"
	"log/slog"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lagwise/lagwise/scalers"
)

// nobody is a lagwise without triggers.
type nobody struct{}

func (nobody) Standings() []scalers.Standing           { return nil }
func (nobody) Named(string, string) []scalers.Standing { return nil }
func (nobody) Detail(context.Context, uint64) (s scalers.Standing, d scalers.Detail, alive bool, err error) {
	return s, d, false, nil
}

// single listens for one connection, which is there already.
type single struct {
	connection chan net.Conn
	closed     chan struct{}
}

func (s *single) Accept() (net.Conn, error) {
	select {
	case connection := <-s.connection:
		return connection, nil
	case <-s.closed:
		return nil, net.ErrClosed
	}
}

func (s *single) Close() error {
	close(s.closed)
	return nil
}

func (*single) Addr() net.Addr { return &net.UnixAddr{Name: "test"} }

// Whoever follows and does not read loses their place.
func TestASlowBrowserIsLetGo(t *testing.T) {
	t.Parallel()
	for name, request := range map[string]string{
		"follows": "GET /events/overview HTTP/1.1\r\nHost: localhost\r\n\r\n",
		"asks":    "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
		"hangs":   "GET / HTTP/1.1\r\nHost: loc",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				page := New(Sources{Triggers: nobody{}, Connections: func() []Connection { return nil }}, slog.New(slog.DiscardHandler))
				browser, served := net.Pipe()
				listener := &single{connection: make(chan net.Conn, 1), closed: make(chan struct{})}
				listener.connection <- served
				ctx, stop := context.WithCancel(t.Context())
				ended := make(chan error, 1)
				go func() { ended <- page.Run(ctx, listener) }()
				if _, err := io.WriteString(browser, request); err != nil {
					t.Fatal(err)
				}
				synctest.Wait()
				if taken := page.places.taken.Load(); (taken == 1) != (name == "follows") {
					t.Errorf("%d places are taken", taken)
				}
				time.Sleep(writeTimeout + time.Second)
				synctest.Wait()
				if taken := page.places.taken.Load(); taken != 0 {
					t.Errorf("%d places are still taken", taken)
				}
				if !page.renders.TryAcquire(rendersAtOnce) {
					t.Error("a turn is still taken")
				}
				stop()
				if err := <-ended; err != nil {
					t.Error(err)
				}
				_ = browser.Close()
			})
		})
	}
}
