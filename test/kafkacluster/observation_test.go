//go:build kafka

package kafkacluster_test

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/lagwise/lagwise/test/product"
)

// observation is a running lagwise whose triggers are polled and whose streams are open while events happen in its cluster.
type observation struct {
	running  *product.Product
	triggers []trigger
	acquired int // how often new triggers were
	poller   *poller
	streams  *streams
	history  history
	began    time.Time
	usedCPU  time.Duration // when it began
}

// observe starts lagwise on a cluster whose replicas are all in sync.
func (c *testCluster) observe(t *testing.T) *observation {
	t.Helper()
	running := startProduct(t, c.Addresses(), sessionNames()...)
	c.admin.awaitPreferredLeaders(t)
	return &observation{
		running:  running,
		triggers: c.triggers,
		poller:   startPoller(t, running, c.triggers),
		streams:  openStreams(t, running, c.admin, sessionNames()[:fewSessions], recordBound),
		began:    time.Now(),
		usedCPU:  usedCPU(t),
	}
}

// checkNewTriggers acquires a few new triggers on each session, together with some that need the broker and cannot return a
// value while it is away; zero for none.
func (o *observation) checkNewTriggers(t *testing.T, away int32) {
	t.Helper()
	const each = 4 // of a session
	o.acquired++
	counts := map[string]int{}
	var available []trigger
	for _, of := range o.triggers {
		of.more = maps.Clone(of.more)
		of.more["activationLagThreshold"] = strconv.Itoa(o.acquired) // another trigger with the same value
		if slices.Contains(of.needs, away) {
			acquire(t, o.running, of)
			continue
		}
		if counts[of.session]++; counts[of.session] <= each {
			available = append(available, of)
		}
	}
	what := "a new trigger"
	if away != 0 {
		what = fmt.Sprintf("a new trigger while broker %d is away", away)
	}
	checkNewTriggers(t, what, o.running, available, newTriggerBound)
}

// finish observes until so long after the last event, and fails the test for every violation. It logs the longest errors.
func (o *observation) finish(t *testing.T, afterEvent time.Duration) {
	t.Helper()
	time.Sleep(time.Until(o.history.events[len(o.history.events)-1].at.Add(afterEvent)))
	o.checkNewTriggers(t, 0)
	share := (usedCPU(t) - o.usedCPU).Seconds() / time.Since(o.began).Seconds()
	t.Logf("this process used %.2f of a core in %.0f s", share, time.Since(o.began).Seconds())
	violations := map[string][]violation{}
	longest := map[string]float64{}
	texts := map[string]string{unaffected: "none", failover: "none", noReplica: "none"}
	for i, samples := range o.poller.stop() {
		of := o.triggers[i]
		violations[of.session] = append(violations[of.session], o.history.check(of, samples)...)
		effect := o.history.effect(of)
		if span := longestError(samples); seconds(span) > longest[effect] {
			longest[effect] = seconds(span)
			texts[effect] = fmt.Sprintf("%.0f s from %s, %s: %s", seconds(span), o.history.phase(span[0].at), of.name, errorTexts(span))
		}
	}
	for _, effect := range []string{unaffected, failover, noReplica} {
		t.Logf("longest error of a trigger %s: %s", effect, texts[effect])
	}
	for _, session := range sessionNames() {
		report(t, session, violations[session])
	}
	o.streams.check(t, &o.history)
}

// report fails the test for each kind of violation of a session's triggers, with the longest of the kind.
func report(t *testing.T, session string, all []violation) {
	t.Helper()
	for _, kind := range violationKinds() {
		found := slices.DeleteFunc(slices.Clone(all), func(one violation) bool { return one.kind != kind })
		if len(found) > 0 {
			longest := slices.MaxFunc(found, func(a, b violation) int { return cmp.Compare(a.lasted, b.lasted) })
			t.Errorf("%s: %d times %s; the longest: %s", session, len(found), kind, longest.text)
		}
	}
}

// sessionNames returns the names of all connections.
func sessionNames() (names []string) {
	for n := range fewSessions {
		names = append(names, fewSession(n+1))
	}
	return append(names, manySession, stuckSession)
}
