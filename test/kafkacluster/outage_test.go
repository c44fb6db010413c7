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

// end is a way in which a broker goes away and comes back.
type end struct {
	name string
	// leave begins the outage; back ends it.
	leave func(*realkafka.Member) error
	back  func(*testing.T, *realkafka.Member) error
}

func endOf(name string) end {
	restart := func(t *testing.T, broker *realkafka.Member) error { t.Helper(); return broker.Start(t.Context()) }
	return map[string]end{
		"stop": {name, func(broker *realkafka.Member) error { broker.Shutdown(); return nil }, restart},
		"kill": {name, func(broker *realkafka.Member) error { broker.Kill(); return nil }, restart},
		"freeze": {name, (*realkafka.Member).Freeze, func(t *testing.T, broker *realkafka.Member) error {
			t.Helper()
			return broker.Thaw()
		}},
	}[name]
}

// brokerOutage has one broker away for -away, and watches until the promise has held for a while after its return.
func brokerOutage(how string, id int32) scenario {
	return scenario{name: fmt.Sprintf("%s-broker-%d", how, id), play: func(t *testing.T, s *stage) {
		t.Helper()
		run := s.run(t)
		end, broker := endOf(how), s.cluster.Broker(id)
		t.Cleanup(func() { bringBack(t, broker) })

		death, before := time.Now(), usedCPU(t)
		if err := end.leave(broker); err != nil {
			t.Fatal(err)
		}
		if how == "kill" && id == countedBroker {
			countAttempts(t, broker.Address(), death)
		}
		time.Sleep(time.Until(death.Add(*away)))
		share := (usedCPU(t) - before).Seconds() / away.Seconds()
		if err := end.back(t, broker); err != nil {
			t.Fatal(err)
		}
		run.history.away(id, death, time.Now())
		s.operator.awaitPreferred(t)
		run.judge(t, afterReturn+steady)

		t.Logf("this process used %.2f of a core during the outage", share)
		if share > cpuBound {
			t.Errorf("this process used %.2f of a core during the outage, want at most %.2f", share, cpuBound)
		}
	}}
}

// countAttempts listens where the dead broker did, closes every connection at once, and fails the test when there are too many. It
// ends well before the broker needs its port again.
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
				_ = plain.SetLinger(0) // the client is reset rather than refused
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
	t.Logf("from %s after the death each session tried to connect %.2f times a second", afterDeath, rate)
	if rate > attemptsBound {
		t.Errorf("from %s after the death each session tried to connect %.2f times a second, want at most %v", afterDeath, rate, attemptsBound)
	}
}

// bringBack makes sure that the next scenario finds the broker running.
func bringBack(t *testing.T, broker *realkafka.Member) {
	t.Helper()
	if err := broker.Thaw(); err == nil {
		return
	}
	if err := broker.Start(context.WithoutCancel(t.Context())); err != nil {
		t.Error(err)
	}
}

// usedCPU is what this process has used, lagwise and the test's own clients.
func usedCPU(t *testing.T) time.Duration {
	t.Helper()
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		t.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
