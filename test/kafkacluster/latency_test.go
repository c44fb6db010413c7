//go:build kafka

package kafkacluster_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/lagwise/lagwise/test/latency"
)

const (
	remoteSession = "remote"
	// passBound bounds how long one refresh of all groups takes. The time between two observations of a trigger is the refresh
	// interval plus that of a refresh.
	passBound       = 2 * time.Second
	refreshInterval = 5 * time.Second // the default
)

// remoteBrokers delays all traffic between lagwise and the brokers, each way. The bounds grow with the delay, because connecting
// to a broker and finding leaders and coordinators takes several round trips.
func remoteBrokers(delay time.Duration, groups int) scenario {
	return scenario{name: fmt.Sprintf("latency-%s", delay), run: func(t *testing.T, c *testCluster) {
		t.Helper()
		c.admin.awaitPreferredLeaders(t)
		for _, broker := range c.Brokers {
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
		seen := map[string]bool{}
		for _, of := range c.triggers {
			if of.topic != spreadTopic || seen[of.group] || len(triggers) == groups {
				continue
			}
			seen[of.group] = true
			of.name = remoteSession + strings.TrimPrefix(of.name, of.session)
			of.session, of.more = remoteSession, nil
			triggers = append(triggers, of)
		}
		running := startProduct(t, c.AdvertisedAddresses(), remoteSession)

		first, more := triggers[0], triggers[1:min(6, len(triggers))]
		checkNewTriggers(t, "the first trigger of the session", running, []trigger{first}, 3*time.Second+30*delay)
		checkNewTriggers(t, "a further trigger of the session", running, more, 3*time.Second+12*delay)

		poller := startPoller(t, running, triggers)
		streams := openStreams(t, running, c.admin, []string{remoteSession, remoteSession}, time.Second+8*delay)
		const passes = 4
		ctx, cancel := context.WithTimeout(t.Context(), passes*(refreshInterval+passBound))
		defer cancel()
		<-ctx.Done()
		var none history
		slowest := time.Duration(0)
		var violations []violation
		for i, samples := range poller.stop() {
			violations = append(violations, none.check(triggers[i], samples)...)
			slowest = max(slowest, longestGap(samples))
		}
		report(t, remoteSession, violations)
		t.Logf("%d groups: at most %.1f s between two observations", len(triggers), slowest.Seconds())
		if bound := refreshInterval + passBound; slowest > bound {
			t.Errorf("%d groups: %.1f s between two observations, want at most %s", len(triggers), slowest.Seconds(), bound)
		}
		streams.check(t, &none)
	}}
}

// longestGap returns the longest time between two observations.
func longestGap(samples []sample) (longest time.Duration) {
	for i := 1; i < len(samples); i++ {
		if before, after := samples[i-1], samples[i]; before.err == nil && after.err == nil {
			longest = max(longest, after.observedAt.Sub(before.observedAt))
		}
	}
	return longest
}
