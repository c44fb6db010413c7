package latency_test

import (
	"io"
	"net"
	"testing"
	"time"

	"github.com/lagwise/lagwise/test/latency"
)

func TestEachWayTakesTheDelay(t *testing.T) {
	t.Parallel()
	const delay = 100 * time.Millisecond
	client := connect(t, echoServer(t), delay)
	for _, want := range []time.Duration{4 * delay, 2 * delay} { // the handshake takes a round trip of its own
		began := time.Now()
		echo(t, client, "hello")
		if took := time.Since(began); took < want {
			t.Errorf("an echo took %s, want at least %s", took, want)
		}
	}
}

func TestWhatIsSentMeanwhileArrivesTogether(t *testing.T) {
	t.Parallel()
	const delay, messages = 200 * time.Millisecond, 10
	client := connect(t, echoServer(t), delay)
	echo(t, client, "hello")
	began := time.Now()
	for range messages {
		if _, err := client.Write([]byte("hello")); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := io.ReadFull(client, make([]byte, messages*len("hello"))); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); took < 2*delay || took > messages*delay {
		t.Errorf("%d messages one after the other took %s, want little more than one round trip of %s", messages, took, 2*delay)
	}
}

func TestStopClosesConnections(t *testing.T) {
	t.Parallel()
	proxy, err := latency.Start("127.0.0.1:0", echoServer(t), 0)
	if err != nil {
		t.Fatal(err)
	}
	client := dial(t, proxy.Address())
	echo(t, client, "hello")
	if err := proxy.Stop(); err != nil {
		t.Fatal(err)
	}
	if _, err := client.Read(make([]byte, 1)); err == nil {
		t.Error("the connection is still there")
	}
}

func echo(t *testing.T, client net.Conn, text string) {
	t.Helper()
	if _, err := client.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	got := make([]byte, len(text))
	if _, err := io.ReadFull(client, got); err != nil || string(got) != text {
		t.Fatalf("got %q, %v", got, err)
	}
}

func connect(t *testing.T, server string, delay time.Duration) net.Conn {
	t.Helper()
	proxy, err := latency.Start("127.0.0.1:0", server, delay)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := proxy.Stop(); err != nil {
			t.Error(err)
		}
	})
	return dial(t, proxy.Address())
}

func dial(t *testing.T, address string) net.Conn {
	t.Helper()
	client, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	return client
}

// echoServer sends everything back.
func echoServer(t *testing.T) (address string) {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			go func() { _, _ = io.Copy(connection, connection) }()
		}
	}()
	return listener.Addr().String()
}
