//go:build kafka

package kafkacluster_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/lagwise/lagwise/scalers"
	"github.com/lagwise/lagwise/test/latency"
)

const (
	distantSession = "distant"
	// observing is what the error of a trigger says that was not observed yet.
	observing = "being observed"
	// passBound is how long it may take to observe the many groups once: the interval between two observations of a trigger is
	// that of refreshes and this.
	passBound       = 2 * time.Second
	refreshInterval = 5 * time.Second
)

// distantBrokers has lagwise reach the brokers with a delay each way. The bounds count in delays, because a connection to a
// broker, its leader or a coordinator takes several round trips.
func distantBrokers(delay time.Duration, groups int) scenario {
	return scenario{name: fmt.Sprintf("distance-%s", delay), play: func(t *testing.T, s *stage) {
		t.Helper()
		s.operator.awaitPreferred(t)
		for _, broker := range s.cluster.Brokers {
			proxy, err := latency.Start(broker.AdvertisedAddress(), broker.ProxiedAddress(), delay)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				if err := proxy.Stop(); err != nil {
					t.Error(err)
				}
			})
		}
		var triggers []trigger
		met := map[string]bool{}
		for _, of := range s.triggers {
			if of.topic != spreadTopic || met[of.group] || len(triggers) == groups {
				continue
			}
			met[of.group] = true
			of.name = distantSession + strings.TrimPrefix(of.name, of.session)
			of.session, of.more = distantSession, nil
			triggers = append(triggers, of)
		}
		running := startProduct(t, s.cluster.AdvertisedAddresses(), distantSession)

		first, more := triggers[0], triggers[1:min(6, len(triggers))]
		meetTrigger(t, "the first trigger of the process", acquire(t, running, first), first, 3*time.Second+30*delay)
		for _, of := range more {
			meetTrigger(t, "another trigger", acquire(t, running, of), of, 3*time.Second+12*delay)
		}

		watched := watchTriggers(t, running, triggers)
		records := openStreams(t, running, s.operator, []string{distantSession, distantSession}, time.Second+8*delay)
		const passes = 4
		ctx, cancel := context.WithTimeout(t.Context(), passes*(refreshInterval+passBound))
		defer cancel()
		<-ctx.Done()
		var calm history // nothing happens
		slowest := time.Duration(0)
		var complaints []complaint
		for i, samples := range watched.end() {
			complaints = append(complaints, calm.judge(triggers[i], samples)...)
			slowest = max(slowest, longestGap(samples))
		}
		complain(t, distantSession, complaints)
		t.Logf("each of %d groups was observed at least every %.1f s", len(triggers), slowest.Seconds())
		if bound := refreshInterval + passBound; slowest > bound {
			t.Errorf("a group was observed after %.1f s, want at most %s", slowest.Seconds(), bound)
		}
		records.judge(t, &calm)
	}}
}

// longestGap is the longest time between two observations that were answered.
func longestGap(samples []sample) (longest time.Duration) {
	for i := 1; i < len(samples); i++ {
		if before, after := samples[i-1], samples[i]; before.err == nil && after.err == nil {
			longest = max(longest, after.observedAt.Sub(before.observedAt))
		}
	}
	return longest
}

// meetTrigger asks about a trigger that is new, as KEDA would: each question is answered in time, by the right value or by an
// error that says that there is none yet, and the value comes within the bound.
func meetTrigger(t *testing.T, what string, scaler scalers.Scaler, of trigger, bound time.Duration) {
	t.Helper()
	const slack = 300 * time.Millisecond // the machine is busy
	began := time.Now()
	for {
		answer := ask(t.Context(), scaler)
		if answer.took > kedaDeadline+slack {
			t.Errorf("%s: a question took %.2f s, want at most %s", what, answer.took.Seconds(), kedaDeadline)
		}
		if answer.err == nil {
			if answer.value != of.value {
				t.Errorf("%s: value %v, want %v", what, answer.value, of.value)
			}
			break
		}
		if !strings.Contains(answer.err.Error(), observing) {
			t.Errorf("%s: after %.1f s its error does not say that it is %s: %v", what, time.Since(began).Seconds(), observing, answer.err)
		}
		if time.Since(began) > bound {
			t.Fatalf("%s: no answer within %s", what, bound)
		}
		time.Sleep(glance)
	}
	if took := time.Since(began); took > bound {
		t.Errorf("%s: answered after %.1f s, want at most %s", what, took.Seconds(), bound)
	} else {
		t.Logf("%s: answered after %.2f s", what, took.Seconds())
	}
}
