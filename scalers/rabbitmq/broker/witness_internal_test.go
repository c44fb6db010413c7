package broker

import (
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"
	"time"
)

func TestWitness(t *testing.T) {
	t.Parallel()
	for answer, want := range map[string]testimony{
		`200 {"type":"quorum","leader":"a","online":["a","b"],"members":["a","b","c"]}`: led,
		`200 {"type":"quorum","leader":null,"online":["b"],"members":["a","b","c"]}`:    leaderless, // 3.10.8
		`200 {"type":"quorum","leader":"a","online":["b"],"members":["a","b","c"]}`:     leaderless, // names who is away
		`200 {"type":"quorum","leader":"a","online":["a"],"members":["a","b"]}`:         leaderless, // has no majority
		`200 {"type":"classic"}`: needsNoLeader,
		`200 {}`:                 noTestimony,
		`200 other`:              noTestimony,
		`401 {}`:                 noTestimony,
		`404 {}`:                 noTestimony,
		`503 {}`:                 noTestimony,
	} {
		w := &witness{api: api(t, map[string]string{"/api/queues/a/b/orders": answer, whoami: "200 {}"}), vhost: "a/b"}
		if got, err := w.testify(t.Context(), "orders"); got != want {
			t.Errorf("%s: %d, %v", answer, got, err)
		}
	}
}

// An address that has never answered may be a mistake that nobody has noticed. One that has is missed.
func TestOnlyAWitnessWhoWasHeardIsMissed(t *testing.T) {
	t.Parallel()
	var asked atomic.Int64
	var away atomic.Bool
	away.Store(true)
	w := &witness{vhost: "/", api: serve(t, func(to http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		if away.Load() {
			to.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		_, _ = fmt.Fprint(to, `{"type":"classic"}`)
	})}
	says := func(what string, want testimony, requests int64) {
		t.Helper()
		if got, _ := w.testify(t.Context(), "orders"); got != want || asked.Load() != requests {
			t.Errorf("%s: %d, after %d requests", what, got, asked.Load())
		}
	}
	says("never heard", noTestimony, 1)
	says("never heard, and left alone", noTestimony, 1)
	away.Store(false)
	w.rest(0, nil)
	says("heard", needsNoLeader, 2)
	away.Store(true)
	says("silent", silence, 3)
	says("silent, and left alone", silence, 3)
}

// One that is slow is left alone for as long as it took, so that a pass over many queues does not take minutes.
func TestASlowWitnessIsAskedLess(t *testing.T) {
	t.Parallel()
	w := &witness{vhost: "/", api: serve(t, func(to http.ResponseWriter, _ *http.Request) {
		time.Sleep(leaderTime)
		_, _ = fmt.Fprint(to, `{"type":"classic"}`)
	})}
	if got, err := w.testify(t.Context(), "orders"); got != needsNoLeader {
		t.Error(got, err)
	}
	if rests, reason := w.rests(); !rests || reason == nil {
		t.Error("it is asked again at once")
	}
}
