//go:build kafka

package kafkacluster_test

import (
	"fmt"
	"slices"
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
		running := startProduct(t, s.cluster.Addresses(), sessionNames()...)
		s.operator.awaitPreferred(t)
		watched := watchTriggers(t, running, s.triggers)
		records := wakeTriggers(t, running, s.operator)
		end, broker := endOf(how), s.cluster.Broker(id)
		t.Cleanup(func() { bringBack(t, broker) })

		seen := outage{broker: id, death: time.Now()}
		before := usedCPU(t)
		if err := end.leave(broker); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Until(seen.death.Add(*away)))
		used := usedCPU(t) - before
		if err := end.back(t, broker); err != nil {
			t.Fatal(err)
		}
		seen.returns = time.Now()
		s.operator.awaitPreferred(t)
		time.Sleep(time.Until(seen.returns.Add(afterReturn + steady)))

		report(t, seen, s.triggers, watched.end())
		records.judge(t, seen)
		share := used.Seconds() / away.Seconds()
		t.Logf("this process used %.2f of a core during the outage", share)
		if share > cpuBound {
			t.Errorf("this process used %.2f of a core during the outage, want at most %.2f", share, cpuBound)
		}
	}}
}

// bringBack makes sure that the next scenario finds the broker running.
func bringBack(t *testing.T, broker *realkafka.Member) {
	t.Helper()
	if err := broker.Thaw(); err == nil {
		return
	}
	if err := broker.Start(t.Context()); err != nil {
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

// report fails the test for every kind of complaint, and logs for how long triggers had errors.
func report(t *testing.T, seen outage, triggers []trigger, samples [][]sample) {
	t.Helper()
	complaints := map[string][]string{}
	worst := map[string]string{}
	lengths := map[string]float64{}
	for i, trigger := range triggers {
		if found := seen.judge(trigger, samples[i]); len(found) > 0 {
			complaints[trigger.session] = append(complaints[trigger.session], found...)
		}
		kind := "elsewhere"
		switch {
		case slices.Contains(trigger.needs, seen.broker):
			kind = "without leader"
		case slices.Contains(trigger.touches, seen.broker):
			kind = "failed over"
		}
		if span := longestError(samples[i]); len(span) > 0 && seconds(span) > lengths[kind] {
			lengths[kind] = seconds(span)
			worst[kind] = fmt.Sprintf("%.0f s from %s, %s: %s", seconds(span), seen.phase(span[0].at), trigger.name, texts(span))
		}
	}
	for _, kind := range []string{"elsewhere", "failed over", "without leader"} {
		if worst[kind] == "" {
			worst[kind] = "none"
		}
		t.Logf("longest error of a trigger whose partitions and coordinator %-14s: %s", kind, worst[kind])
	}
	for _, session := range sessionNames() {
		found := complaints[session]
		for _, complaint := range found[:min(len(found), 4)] {
			t.Error(complaint)
		}
		if len(found) > 4 {
			t.Errorf("%s: and %d more of %d triggers", session, len(found)-4, count(triggers, session))
		}
	}
}

func count(triggers []trigger, session string) (n int) {
	for _, trigger := range triggers {
		if trigger.session == session {
			n++
		}
	}
	return n
}

func sessionNames() (names []string) {
	for n := range fewSessions {
		names = append(names, fewSession(n+1))
	}
	return append(names, manySession, besideSession)
}
