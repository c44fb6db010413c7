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
		checkAttempts := func() {}
		if how == "kill" && id == countedBroker {
			checkAttempts = countAttempts(t, broker.Address(), gone.Add(afterDeath))
		}
		time.Sleep(time.Until(gone.Add(afterDeath)))
		observed.checkNewTriggers(t, id)
		time.Sleep(time.Until(death.Add(*away)))
		checkAttempts()
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

// countAttempts listens on a dead broker's address, resets every connection, and counts them from a time on. The returned function
// ends that, and fails the test when there were too many.
func countAttempts(t *testing.T, address string, from time.Time) (check func()) {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	counted := make(chan int, 1)
	go func() {
		attempts := 0
		for {
			connection, err := listener.Accept()
			if err != nil {
				counted <- attempts
				return
			}
			if time.Now().After(from) {
				attempts++
			}
			if plain, ok := connection.(*net.TCPConn); ok {
				_ = plain.SetLinger(0)
			}
			_ = connection.Close()
		}
	}()
	return func() {
		if err := listener.Close(); err != nil {
			t.Fatal(err)
		}
		rate := float64(<-counted) / time.Since(from).Seconds() / float64(len(sessionNames()))
		t.Logf("a session made %.2f connection attempts a second", rate)
		if rate > attemptsBound {
			t.Errorf("a session made %.2f connection attempts a second to the dead broker, want at most %v", rate, attemptsBound)
		}
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
