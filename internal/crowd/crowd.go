// Package crowd bounds how many connections a listener has open at once.
package crowd

import (
	"net"
	"slices"
	"sync"
	"time"
)

// share is the part of all connections that one address may have, as a divisor.
const share = 4

// Bound limits the connections that are open at once on the listener to most, a quarter of them from one address. A further one from an
// address that has its quarter is closed as soon as it comes. While all places are taken, a new connection takes that of the newest one
// from the address with the most, unless its own address would then have as many: one client cannot keep the others out, and connections
// that are open for long stay. closed is called with the address of each connection that was closed for the limit.
func Bound(listener net.Listener, most int, closed func(address string)) net.Listener {
	return newLimiter(listener, limits{most: most, mostOfOne: max(1, most/share), evict: newestOfTheMost}, closed)
}

// Turnover is for connections that ask one short question: it limits them to most at once and closes each after lifetime. A new
// connection always gets a place, if need be that of the oldest one from the address with the most: idle connections keep nobody out.
func Turnover(listener net.Listener, most int, lifetime time.Duration) net.Listener {
	return newLimiter(listener, limits{most: most, mostOfOne: most + 1, lifetime: lifetime, evict: oldestOfTheMost}, func(string) {})
}

// limits are those of a listener. evict chooses the connection that makes room for one from an address which has so many; nil for none.
type limits struct {
	most, mostOfOne int
	lifetime        time.Duration // 0 for no end
	evict           func(open map[string][]*limitedConn, own int) *limitedConn
}

func newestOfTheMost(open map[string][]*limitedConn, own int) *limitedConn {
	var most []*limitedConn
	for _, connections := range open {
		if len(connections) > max(len(most), own+1) {
			most = connections
		}
	}
	if most == nil {
		return nil
	}
	return most[len(most)-1]
}

func oldestOfTheMost(open map[string][]*limitedConn, _ int) *limitedConn {
	var oldest *limitedConn
	most := 0
	for _, connections := range open {
		if len(connections) > most || len(connections) == most && connections[0].number < oldest.number {
			oldest, most = connections[0], len(connections)
		}
	}
	return oldest
}

type limiter struct {
	net.Listener
	limits
	closed func(address string)

	mu     sync.Mutex
	count  int
	number uint64                    // of the latest connection
	open   map[string][]*limitedConn // by address, the oldest first
}

func newLimiter(listener net.Listener, limits limits, closed func(string)) *limiter {
	return &limiter{Listener: listener, limits: limits, closed: closed, open: map[string][]*limitedConn{}}
}

// Accept waits for a connection for which there is room.
func (l *limiter) Accept() (net.Conn, error) {
	for {
		connection, err := l.Listener.Accept()
		if err != nil {
			return nil, err //nolint:wrapcheck // a listener's errors are looked at by whoever serves
		}
		entered, evicted := l.enter(connection)
		if evicted != nil {
			_ = evicted.Close()
			l.closed(evicted.address)
		}
		if entered != nil {
			return entered, nil
		}
		_ = connection.Close()
		l.closed(hostOf(connection.RemoteAddr()))
	}
}

// enter gives a connection a place, if need be that of the evicted one, which the caller closes.
func (l *limiter) enter(connection net.Conn) (entered, evicted *limitedConn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	address := hostOf(connection.RemoteAddr())
	own := len(l.open[address])
	if own >= l.mostOfOne {
		return nil, nil
	}
	if l.count >= l.most {
		if evicted = l.evict(l.open, own); evicted == nil {
			return nil, nil
		}
		l.remove(evicted)
	}
	l.number++
	entered = &limitedConn{Conn: connection, limiter: l, address: address, number: l.number}
	l.open[address] = append(l.open[address], entered)
	l.count++
	if l.lifetime > 0 {
		entered.end = time.AfterFunc(l.lifetime, func() { _ = entered.Close() })
	}
	return entered, evicted
}

func (l *limiter) leave(c *limitedConn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.remove(c)
	if c.end != nil {
		c.end.Stop()
	}
}

// remove must be called under the lock. It does nothing for a connection that was removed before.
func (l *limiter) remove(c *limitedConn) {
	at := slices.Index(l.open[c.address], c)
	if at < 0 {
		return
	}
	l.count--
	if l.open[c.address] = slices.Delete(l.open[c.address], at, at+1); len(l.open[c.address]) == 0 {
		delete(l.open, c.address)
	}
}

func hostOf(address net.Addr) string {
	host, _, err := net.SplitHostPort(address.String())
	if err != nil {
		return address.String()
	}
	return host
}

// limitedConn is a connection that makes room when it closes.
type limitedConn struct {
	net.Conn
	limiter *limiter
	address string
	number  uint64
	end     *time.Timer // nil for none
}

func (c *limitedConn) Close() error {
	c.limiter.leave(c)
	return c.Conn.Close() //nolint:wrapcheck // the connection's own
}
