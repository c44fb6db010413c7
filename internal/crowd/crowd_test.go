package crowd_test

import (
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"time"

	"github.com/lagwise/lagwise/internal/crowd"
)

// listen bounds a listener of this machine, whose every address from 127.0.0.1 on is another client.
func listen(t *testing.T, most int) (address string, accepted <-chan net.Conn, turnedAway <-chan string) {
	t.Helper()
	away := make(chan string, 100)
	address, accepted = listenBy(t, func(listener net.Listener) net.Listener {
		return crowd.Bound(listener, most, func(address string) { away <- address })
	})
	return address, accepted, away
}

func listenBy(t *testing.T, bind func(net.Listener) net.Listener) (address string, accepted <-chan net.Conn) {
	t.Helper()
	var config net.ListenConfig
	listener, err := config.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	in := make(chan net.Conn, 100)
	bound := bind(listener)
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
	return listener.Addr().String(), in
}

// isClosed waits until the server has closed the connection.
func isClosed(t *testing.T, connection net.Conn) {
	t.Helper()
	if err := connection.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	if _, err := connection.Read(make([]byte, 1)); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("the connection is open: %v", err)
	}
}

func isOpen(t *testing.T, connection, server net.Conn) {
	t.Helper()
	if _, err := io.WriteString(connection, "hello"); err != nil {
		t.Fatal(err)
	}
	if n, err := server.Read(make([]byte, 9)); err != nil || n != 5 {
		t.Errorf("%d, %v", n, err)
	}
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
	isOpen(t, client, server)
}

// While all places are taken, an address with few connections takes one from the address with the most: the newest, because what is open
// for long is in use.
func TestAnAddressWithManyMakesRoom(t *testing.T) {
	t.Parallel()
	address, accepted, turnedAway := listen(t, 8)
	clients, servers := map[string][]net.Conn{}, map[string][]net.Conn{}
	for _, from := range []string{"127.0.0.2", "127.0.0.3", "127.0.0.4", "127.0.0.5"} {
		for range 2 {
			clients[from] = append(clients[from], dial(t, from, address))
			servers[from] = append(servers[from], <-accepted)
		}
	}
	newcomer := dial(t, "127.0.0.6", address)
	server := <-accepted
	from := <-turnedAway
	isClosed(t, clients[from][1])
	isOpen(t, clients[from][0], servers[from][0])
	isOpen(t, newcomer, server)
	dial(t, "127.0.0.6", address) // two for it would be as many as others have
	if got := <-turnedAway; got != "127.0.0.6" {
		t.Errorf("%s was turned away", got)
	}
	isOpen(t, newcomer, server)
}

// A question always gets a place; the address that has the most loses its oldest.
func TestTurnover(t *testing.T) {
	t.Parallel()
	address, accepted := listenBy(t, func(listener net.Listener) net.Listener { return crowd.Turnover(listener, 3, time.Hour) })
	one := dial(t, "127.0.0.2", address)
	served := <-accepted
	greedy := []net.Conn{dial(t, "127.0.0.3", address), dial(t, "127.0.0.3", address)}
	<-accepted
	<-accepted
	for range 5 {
		greedy = append(greedy, dial(t, "127.0.0.3", address))
		<-accepted
	}
	for _, connection := range greedy[:len(greedy)-2] {
		isClosed(t, connection)
	}
	isOpen(t, one, served)

	dial(t, "127.0.0.4", address)
	<-accepted
	isClosed(t, greedy[len(greedy)-2])
	dial(t, "127.0.0.5", address) // all have one, and the oldest is the first
	<-accepted
	isClosed(t, one)
}

func TestTurnoverEndsConnections(t *testing.T) {
	t.Parallel()
	address, accepted := listenBy(t, func(listener net.Listener) net.Listener { return crowd.Turnover(listener, 3, 20*time.Millisecond) })
	client := dial(t, "127.0.0.2", address)
	<-accepted
	isClosed(t, client)
}
