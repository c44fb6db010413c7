package loopback_test

import (
	"net"
	"sync"
	"testing"

	"github.com/lagwise/lagwise/test/loopback"
)

// Nobody is given a port that somebody else was given, and who listens on it does not find it taken.
func TestEveryPortIsGivenOnce(t *testing.T) {
	t.Parallel()
	const takers, each = 8, 250 // a sixth of all ports: of so many that are drawn, some come twice
	found := make(chan int, takers*each)
	var working sync.WaitGroup
	for range takers {
		working.Go(func() {
			ports, err := loopback.Ports(each)
			if err != nil || len(ports) != each {
				t.Errorf("%d ports, %v", len(ports), err)
			}
			for _, port := range ports {
				found <- port
			}
		})
	}
	working.Wait()
	close(found)
	taken := map[int]bool{}
	for port := range found {
		if taken[port] {
			t.Errorf("%d was given twice", port)
		}
		taken[port] = true
	}
	for port := range taken {
		listener, err := net.Listen("tcp", loopback.Address(port)) //nolint:noctx // closed at once
		if err != nil {
			t.Fatal(err)
		}
		_ = listener.Close()
		return
	}
}
