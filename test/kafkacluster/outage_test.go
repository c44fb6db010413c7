//go:build kafka

package kafkacluster_test

import (
	"context"
	"fmt"
	"net"
	"syscall"
	"testing"
	"time"

	"github.com/lagwise/lagwise/test/realkafka"
)

// outage is a way in which a broker leaves and returns.
type outage struct {
	begin func(*realkafka.Member) error
	end   func(*testing.T, *realkafka.Member) error
}

func outageOf(how string) outage {
	restart := func(t *testing.T, broker *realkafka.Member) error { t.Helper(); return broker.Start(t.Context()) }
	return map[string]outage{
		"stop": {func(broker *realkafka.Member) error { broker.Shutdown(); return nil }, restart},
		"kill": {func(broker *realkafka.Member) error { broker.Kill(); return nil }, restart},
		"freeze": {(*realkafka.Member).Freeze, func(t *testing.T, broker *realkafka.Member) error {
			t.Helper()
			return broker.Thaw()
		}},
	}[how]
}

// brokerOutage takes one broker away for -away, and observes until a margin after the return no longer tolerates errors.
func brokerOutage(how string, id int32) scenario {
	return scenario{name: fmt.Sprintf("%s-broker-%d", how, id), run: func(t *testing.T, c *testCluster) {
		t.Helper()
		observed := c.observe(t)
		outage, broker := outageOf(how), c.Broker(id)
		t.Cleanup(func() { ensureRunning(t, broker) })

		death, before := time.Now(), usedCPU(t)
		if err := outage.begin(broker); err != nil {
			t.Fatal(err)
		}
		gone := time.Now()
		if how == "kill" && id == countedBroker {
			countAttempts(t, broker.Address(), death)
		}
		time.Sleep(time.Until(death.Add(*away)))
		share := (usedCPU(t) - before).Seconds() / away.Seconds()
		if err := outage.end(t, broker); err != nil {
			t.Fatal(err)
		}
		observed.history.left(id, death, gone, time.Now())
		c.admin.awaitPreferredLeaders(t)
		observed.finish(t, afterReturn+margin)

		t.Logf("this process used %.2f of a core during the outage", share)
		if share > cpuBound {
			t.Errorf("this process used %.2f of a core during the outage, want at most %.2f", share, cpuBound)
		}
	}}
}

// countAttempts listens on a dead broker's address for the rest of -away, resets every connection, and fails the test when there
// are too many of them.
func countAttempts(t *testing.T, address string, death time.Time) {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	settled := death.Add(afterDeath)
	attempts := 0
	counted := make(chan struct{})
	go func() {
		defer close(counted)
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			if time.Now().After(settled) {
				attempts++
			}
			if plain, ok := connection.(*net.TCPConn); ok {
				_ = plain.SetLinger(0)
			}
			_ = connection.Close()
		}
	}()
	time.Sleep(time.Until(death.Add(*away)))
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	<-counted
	rate := float64(attempts) / time.Since(settled).Seconds() / float64(len(sessionNames()))
	t.Logf("from %s after the death a session made %.2f connection attempts a second", afterDeath, rate)
	if rate > attemptsBound {
		t.Errorf("from %s after the death a session made %.2f connection attempts a second, want at most %v", afterDeath, rate, attemptsBound)
	}
}

// ensureRunning leaves the node running for the next scenario.
func ensureRunning(t *testing.T, node *realkafka.Member) {
	t.Helper()
	if err := node.Thaw(); err == nil {
		return
	}
	if err := node.Start(context.WithoutCancel(t.Context())); err != nil {
		t.Error(err)
	}
}

// usedCPU returns the CPU time of this process: lagwise and the clients of the test.
func usedCPU(t *testing.T) time.Duration {
	t.Helper()
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		t.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
