// Package crowd bounds how many connections a listener has open at once.
package crowd

import (
	"net"
	"sync"
)

// share is the part of all connections that one address may have, as a divisor: one that opens as many as it can leaves room
// for the others.
const share = 4

// Bound limits the connections that are open at once on the listener to most, a quarter of them from one address. Further ones
// are closed as soon as they come, and turnedAway is told of each from where; those that are open stay. A waiting line would
// be worse: whoever fills it would keep everybody else in it.
func Bound(listener net.Listener, most int, turnedAway func(address string)) net.Listener {
	return &crowd{Listener: listener, most: most, mostOfOne: max(1, most/share), turnedAway: turnedAway, from: map[string]int{}}
}

type crowd struct {
	net.Listener
	most, mostOfOne int
	turnedAway      func(address string)

	mu   sync.Mutex
	open int
	from map[string]int
}

// Accept waits for a connection for which there is room.
func (c *crowd) Accept() (net.Conn, error) {
	for {
		connection, err := c.Listener.Accept()
		if err != nil {
			return nil, err //nolint:wrapcheck // a listener's errors are looked at by whoever serves
		}
		address := hostOf(connection.RemoteAddr())
		if c.enter(address) {
			return &guest{Conn: connection, leave: sync.OnceFunc(func() { c.leave(address) })}, nil
		}
		_ = connection.Close()
		c.turnedAway(address)
	}
}

func (c *crowd) enter(address string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.open >= c.most || c.from[address] >= c.mostOfOne {
		return false
	}
	c.open++
	c.from[address]++
	return true
}

func (c *crowd) leave(address string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.open--
	if c.from[address]--; c.from[address] == 0 {
		delete(c.from, address)
	}
}

func hostOf(address net.Addr) string {
	host, _, err := net.SplitHostPort(address.String())
	if err != nil {
		return address.String()
	}
	return host
}

// guest is a connection that makes room when it closes.
type guest struct {
	net.Conn
	leave func()
}

func (g *guest) Close() error {
	g.leave()
	return g.Conn.Close() //nolint:wrapcheck // the connection's own
}
