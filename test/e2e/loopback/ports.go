// Package loopback finds free addresses on this machine.
package loopback

import (
	"errors"
	"math/rand/v2"
	"net"
	"strconv"
)

// Host is the address that everything here listens on.
const Host = "127.0.0.1"

// Address joins the host with a port.
func Address(port int) string { return net.JoinHostPort(Host, strconv.Itoa(port)) }

// Ports finds n free ports on every loopback address, below the range that Linux hands to outgoing connections (from
// 32768): inside it, a client that dials a dead server may be given the server's own port and so keep it from coming back.
func Ports(n int) ([]int, error) {
	const lowest, count, attempts = 20_000, 12_000, 1000
	var free []int
	for range attempts {
		if candidate := lowest + rand.IntN(count); isFree(candidate) { //nolint:gosec // a port is no secret
			free = append(free, candidate)
		}
		if len(free) == n {
			return free, nil
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
