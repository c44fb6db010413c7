package crowd_test

import (
	"io"
	"net"
	"testing"

	"github.com/lagwise/lagwise/internal/crowd"
)

// listen bounds a listener of this machine, whose every address from 127.0.0.1 on is another client.
func listen(t *testing.T, most int) (address string, accepted <-chan net.Conn, turnedAway <-chan string) {
	t.Helper()
	var config net.ListenConfig
	listener, err := config.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	away, in := make(chan string, 100), make(chan net.Conn, 100)
	bound := crowd.Bound(listener, most, func(address string) { away <- address })
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for {
			connection, err := bound.Accept()
			if err != nil {
				return
			}
			in <- connection
		}
	}()
	t.Cleanup(func() { _ = bound.Close(); <-ended })
	return listener.Addr().String(), in, away
}

func dial(t *testing.T, from, address string) net.Conn {
	t.Helper()
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}
	connection, err := dialer.DialContext(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = connection.Close() })
	return connection
}

func TestOneAddressLeavesRoomForOthers(t *testing.T) {
	t.Parallel()
	address, accepted, turnedAway := listen(t, 8)
	for range 2 {
		dial(t, "127.0.0.1", address)
		<-accepted
	}
	greedy := dial(t, "127.0.0.1", address)
	if got := <-turnedAway; got != "127.0.0.1" {
		t.Errorf("%s was turned away", got)
	}
	if _, err := greedy.Read(make([]byte, 1)); err == nil {
		t.Error("whoever is turned away is not told")
	}
	dial(t, "127.0.0.2", address)
	<-accepted
}

func TestThereAreNeverMoreThanTheBound(t *testing.T) {
	t.Parallel()
	address, accepted, turnedAway := listen(t, 4)
	var open []net.Conn
	for _, from := range []string{"127.0.0.1", "127.0.0.2", "127.0.0.3", "127.0.0.4"} {
		dial(t, from, address)
		open = append(open, <-accepted)
	}
	dial(t, "127.0.0.5", address)
	<-turnedAway

	for range 2 { // closing twice makes room once
		_ = open[0].Close()
	}
	dial(t, "127.0.0.5", address)
	<-accepted
	dial(t, "127.0.0.6", address)
	<-turnedAway
}

func TestWhoIsOpenTalksOn(t *testing.T) {
	t.Parallel()
	address, accepted, turnedAway := listen(t, 1)
	client := dial(t, "127.0.0.1", address)
	server := <-accepted
	for range 20 {
		dial(t, "127.0.0.2", address)
		<-turnedAway
	}
	if _, err := io.WriteString(client, "hello"); err != nil {
		t.Fatal(err)
	}
	if n, err := server.Read(make([]byte, 9)); err != nil || n != 5 {
		t.Errorf("%d, %v", n, err)
	}
}
