// Package loopback finds addresses on this machine for the servers of tests.
package loopback

import (
	"errors"
	"math/rand/v2"
	"net"
	"strconv"
	"sync"
)

// Host is the address that every server of the tests listens on.
const Host = "127.0.0.1"

// Address joins the host with a port.
func Address(port int) string { return net.JoinHostPort(Host, strconv.Itoa(port)) }

// given are the ports that were found before: a server that was killed wants its own back, however free they look meanwhile.
//
//nolint:gochecknoglobals // the machine's ports are the process's
var given struct {
	sync.Mutex
	ports [1 << 16]bool
}

// Ports finds n ports that are free on every address of this machine, each but once in a process. They are below the range that
// Linux hands to outgoing connections (from 32768): inside it, a client that dials a dead server may be given the server's own
// port, connect to itself and so keep the server from coming back.
func Ports(n int) ([]int, error) {
	given.Lock()
	defer given.Unlock()
	const lowest, count, attempts = 20_000, 12_000, 10_000
	free := make([]int, 0, n)
	for range attempts {
		if len(free) == n {
			return free, nil
		}
		candidate := lowest + rand.IntN(count) //nolint:gosec // a port is no secret
		if !given.ports[candidate] && isFree(candidate) {
			given.ports[candidate] = true
			free = append(free, candidate)
		}
	}
	return nil, errors.New("found too few free ports between 20000 and 32000")
}

func isFree(port int) bool {
	listener, err := net.Listen("tcp", net.JoinHostPort("", strconv.Itoa(port))) //nolint:noctx // closed at once; listening never blocks
	if err != nil {
		return false
	}
	return listener.Close() == nil
}
