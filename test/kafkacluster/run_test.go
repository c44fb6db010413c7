//go:build kafka

package kafkacluster_test

import (
	"cmp"
	"fmt"
	"slices"
	"testing"
	"time"
)

// run is one lagwise that is watched while something happens to its cluster.
type run struct {
	stage   *stage
	watched *watch
	records *records
	history history
}

// run starts lagwise on a cluster where all is well, with every trigger watched and streams open.
func (s *stage) run(t *testing.T) *run {
	t.Helper()
	running := startProduct(t, s.cluster.Addresses(), sessionNames()...)
	s.operator.awaitPreferred(t)
	watched := watchTriggers(t, running, s.triggers)
	return &run{stage: s, watched: watched, records: openStreams(t, running, s.operator, sessionNames()[:fewSessions], recordBound)}
}

// judge watches on until so long after the last event, and fails the test for everything that breaks the promise. It logs for how
// long triggers had errors at most.
func (r *run) judge(t *testing.T, after time.Duration) {
	t.Helper()
	time.Sleep(time.Until(r.history.events[len(r.history.events)-1].at.Add(after)))
	complaints := map[string][]complaint{}
	longest := map[string]float64{}
	texted := map[string]string{undisturbed: "none", failedOver: "none", leaderless: "none"}
	for i, samples := range r.watched.end() {
		of := r.stage.triggers[i]
		complaints[of.session] = append(complaints[of.session], r.history.judge(of, samples)...)
		kind := r.history.kind(of)
		if span := longestError(samples); len(span) > 0 && seconds(span) > longest[kind] {
			longest[kind] = seconds(span)
			texted[kind] = fmt.Sprintf("%.0f s from %s, %s: %s", seconds(span), r.history.phase(span[0].at), of.name, texts(span))
		}
	}
	for _, kind := range []string{undisturbed, failedOver, leaderless} {
		t.Logf("longest error of triggers whose partitions and coordinator %s: %s", kind, texted[kind])
	}
	for _, session := range sessionNames() {
		complain(t, session, complaints[session])
	}
	r.records.judge(t, &r.history)
}

// complain fails the test for each kind of complaint about a session's triggers, with the longest of the kind.
func complain(t *testing.T, session string, all []complaint) {
	t.Helper()
	for _, what := range []string{wrongValue, needlessFail, longFail, oldFigures, noBlame} {
		kind := slices.DeleteFunc(slices.Clone(all), func(one complaint) bool { return one.what != what })
		if len(kind) > 0 {
			worst := slices.MaxFunc(kind, func(a, b complaint) int { return cmp.Compare(a.lasted, b.lasted) })
			t.Errorf("%s: %d times triggers %s; the longest: %s", session, len(kind), what, worst.text)
		}
	}
}

// sessionNames are the names of all connections.
func sessionNames() (names []string) {
	for n := range fewSessions {
		names = append(names, fewSession(n+1))
	}
	return append(names, manySession, besideSession)
}
