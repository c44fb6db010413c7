package nerdgraph_test

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lagwise/lagwise/scalers"
	"github.com/lagwise/lagwise/scalers/newrelic/nerdgraph"
	"github.com/lagwise/lagwise/scalers/secret"
	fake "github.com/lagwise/lagwise/test/nerdgraph"
)

const throughput = "SELECT rate(count(*), 10 SECOND) FROM Transaction"

func prod() nerdgraph.Connection {
	return nerdgraph.Connection{Name: "prod", Region: "US", Key: "NRAK-1", Interval: 15 * time.Second}
}

func want(nrql string) nerdgraph.Want { return nerdgraph.Want{Account: 7, Region: "US", NRQL: nrql} }

// inBubble runs a test with a pool that asks the server, on a clock that passes by itself.
func inBubble(t *testing.T, server *fake.Server, test func(t *testing.T, pool *nerdgraph.Pool)) {
	t.Helper()
	inLoggedBubble(t, server, slog.New(slog.DiscardHandler), test)
}

func inLoggedBubble(t *testing.T, server *fake.Server, log *slog.Logger, test func(t *testing.T, pool *nerdgraph.Pool)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		pool := nerdgraph.NewPool(nerdgraph.Options{Transport: server, Log: log})
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- pool.Run(ctx) }()
		defer func() {
			stop()
			if err := <-ended; err != nil {
				t.Error(err)
			}
		}()
		test(t, pool)
	})
}

// number is the answer as a text, or the error.
func number(t *testing.T, subscription *nerdgraph.Subscription) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	answer, err := subscription.Answer(ctx)
	if err != nil {
		cause, _ := scalers.CauseOf(err)
		return cause.String() + ": " + err.Error()
	}
	return fmt.Sprint(answer.First["n"])
}

func TestTriggersWithOneQueryCostOneRequestAnInterval(t *testing.T) {
	t.Parallel()
	server := fake.New()
	server.Set(throughput, fake.Number("n", 70))
	inBubble(t, server, func(t *testing.T, pool *nerdgraph.Pool) {
		began := time.Now()
		subscriptions := make([]*nerdgraph.Subscription, 100)
		for i := range subscriptions {
			subscriptions[i] = pool.Subscribe(prod(), want(throughput))
		}
		for range 10 { // each trigger, each second of a minute
			for _, subscription := range subscriptions {
				if got := number(t, subscription); got != "70" {
					t.Fatalf("got %s", got)
				}
			}
			time.Sleep(time.Second)
		}
		time.Sleep(time.Until(began.Add(61 * time.Second)))
		if got := len(server.Asked()); got != 5 {
			t.Errorf("%d requests in 61 s, want 5", got)
		}
		for _, subscription := range subscriptions {
			_ = subscription.Close()
			_ = subscription.Close()
		}
		time.Sleep(time.Hour)
		if got := len(server.Asked()); got != 5 {
			t.Errorf("%d requests, %d of them when nobody was left", got, got-5)
		}
	})
	if got := server.Asked()[0]; got != (fake.Request{Key: "NRAK-1", Account: 7, NRQL: throughput, Host: "api.newrelic.com"}) {
		t.Errorf("asked %+v", got)
	}
}

func TestOtherAccountsAndConnectionsAreOtherQueries(t *testing.T) {
	t.Parallel()
	server := fake.New()
	inBubble(t, server, func(_ *testing.T, pool *nerdgraph.Pool) {
		other := prod()
		other.Name, other.Key = "other", "NRAK-2"
		pool.Subscribe(prod(), want("q"))
		pool.Subscribe(prod(), nerdgraph.Want{Account: 8, Region: "US", NRQL: "q"})
		pool.Subscribe(other, want("q"))
		synctest.Wait()
	})
	if got := len(server.Asked()); got != 3 {
		t.Errorf("%d requests, want 3", got)
	}
}

// An outage is an error, never a zero; until the last good answer is too old, that one serves.
func TestTheLastGoodAnswerServesForAWhile(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		reply fake.Reply
		want  string
	}{
		"503":        {fake.Reply{Status: 503, Body: "upstream"}, "unreachable: New Relic answers 503 Service Unavailable, at prod (last good answer "},
		"500":        {fake.Reply{Status: 500, Body: `{"errors":[{"message":"we are sorry"}]}`}, "unreachable: New Relic answers 500 Internal Server Error: we are sorry, at prod (last"},
		"429":        {fake.Reply{Status: 429}, "unreachable: New Relic answers 429 Too Many Requests, at prod (last"},
		"limited":    {fake.Problem("TOO_MANY_REQUESTS", "query rate exceeded"), "unreachable: New Relic answers an error: query rate exceeded, at prod (last"},
		"timed out":  {fake.Problem("TIMEOUT", "NRDB query duration exceeded the set timeout"), "timed_out: New Relic answers an error: NRDB query duration"},
		"server":     {fake.Problem("SERVER_ERROR", "oops"), "unreachable: New Relic answers an error: oops, at prod"},
		"syntax":     {fake.Problem("", "NRQL Syntax Error: Error at line 1 position 8, unexpected 'FORM'"), "refused: New Relic answers an error: NRQL Syntax Error"},
		"talkative":  {fake.Problem("SERVER_ERROR", strings.Repeat("o\n", 300)), "unreachable: New Relic answers an error: " + strings.Repeat("o ", 98) + "o…, at prod"},
		"no access":  {fake.Problem("ACCESS_DENIED", "no access to account 7"), "denied: New Relic answers an error: no access"},
		"forbidden":  {fake.Reply{Status: 403}, "denied: New Relic answers 403 Forbidden"},
		"a proxy's":  {fake.Reply{Status: 200, Body: "<html>please log in</html>"}, "unreachable: what answers is not NerdGraph"},
		"no results": {fake.Reply{Status: 200, Body: `{"data":{"actor":{"account":null}}}`}, "unreachable: New Relic's answer has no results"},
		"elsewhere":  {fake.Reply{Status: 307, Header: map[string]string{"Location": "https://elsewhere.example/"}}, "unreachable: New Relic answers 307 Temporary Redirect"},
		"too large":  {fake.Reply{Status: 200, Body: strings.Repeat("x", 1<<20+1)}, "refused: the answer has more than 1 MiB"},
		"hangs":      {fake.Reply{Silent: true}, "timed_out: New Relic did not answer within 10s, at prod (last"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := fake.New()
			server.Set("q", fake.Number("n", 3))
			inBubble(t, server, func(t *testing.T, pool *nerdgraph.Pool) {
				subscription := pool.Subscribe(prod(), want("q"))
				if got := number(t, subscription); got != "3" {
					t.Fatalf("got %s", got)
				}
				server.Set("q", test.reply)
				time.Sleep(44 * time.Second)
				if got := number(t, subscription); got != "3" {
					t.Errorf("after 44 s: %s", got)
				}
				time.Sleep(2 * time.Second)
				if got := number(t, subscription); !strings.HasPrefix(got, test.want) {
					t.Errorf("after 46 s: %s\nwant %s...", got, test.want)
				}
				if _, fresh := subscription.Glance(); fresh {
					t.Error("an old answer passes for a fresh one")
				}
				server.Set("q", fake.Number("n", 4))
				time.Sleep(90 * time.Second)
				if got := number(t, subscription); got != "4" {
					t.Errorf("when New Relic is back: %s", got)
				}
			})
		})
	}
}

// What a server sends is repeated to a trigger's author only where it is about the author's own query; the operator reads it all.
func TestACallerReadsNothingOfABody(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		reply fake.Reply
		shown bool
	}{
		"an error":     {fake.Problem("SERVER_ERROR", "hunter2"), false},
		"a status":     {fake.Reply{Status: 500, Body: `{"errors":[{"message":"hunter2"}]}`}, false},
		"no JSON":      {fake.Reply{Status: 200, Body: "hunter2"}, false},
		"wrong syntax": {fake.Problem("", "NRQL Syntax Error: hunter2"), true},
	} {
		server := fake.New()
		server.Set("q", test.reply)
		inBubble(t, server, func(t *testing.T, pool *nerdgraph.Pool) {
			_, err := pool.Subscribe(prod(), want("q")).Answer(t.Context())
			if err == nil || !strings.Contains(err.Error(), "hunter2") && !strings.Contains(err.Error(), "invalid character 'h'") {
				t.Errorf("%s: the operator reads %v", name, err)
			}
			caller := scalers.ForCaller(err)
			if strings.Contains(caller.Error(), "hunter2") != test.shown || strings.Contains(caller.Error(), "character") {
				t.Errorf("%s: the caller reads %v", name, caller)
			}
			operators, _ := scalers.CauseOf(err)
			if callers, _ := scalers.CauseOf(caller); callers != operators {
				t.Errorf("%s: cause %s, and %s for the caller", name, operators, callers)
			}
		})
	}
}

// A slow loop of failures: pauses are random, grow, and leave New Relic alone as long as it asks for.
func TestAFailingNewRelicIsAskedLessAndLess(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		reply       fake.Reply
		least, most int
	}{
		"503 is tried again soon, then at most once a minute": {fake.Reply{Status: 500}, 25, 110},
		"429 waits an interval more":                          {fake.Reply{Status: 429}, 20, 70},
		"Retry-After counts":                                  {fake.Reply{Status: 429, Header: map[string]string{"Retry-After": "240"}}, 5, 9},
		"but not for ever":                                    {fake.Reply{Status: 429, Header: map[string]string{"Retry-After": "65535"}}, 4, 8},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := fake.New()
			server.Set("q", test.reply)
			inBubble(t, server, func(t *testing.T, pool *nerdgraph.Pool) {
				subscription := pool.Subscribe(prod(), want("q"))
				time.Sleep(time.Hour / 2)
				if got := number(t, subscription); !strings.HasPrefix(got, "unreachable: ") {
					t.Errorf("got %s", got)
				}
			})
			if got := len(server.Asked()); got < test.least || got > test.most {
				t.Errorf("%d requests in half an hour, want %d to %d", got, test.least, test.most)
			}
		})
	}
}

func TestFewRequestsAreUnderWayAtOnce(t *testing.T) {
	t.Parallel()
	server := fake.New()
	inBubble(t, server, func(t *testing.T, pool *nerdgraph.Pool) {
		held := make(chan struct{}) // a bubble waits for its own channels only
		for i := range 100 {
			reply := fake.Number("n", float64(i))
			reply.Held = held
			server.Set(fmt.Sprint(i), reply)
		}
		subscriptions := make([]*nerdgraph.Subscription, 100)
		for i := range subscriptions {
			subscriptions[i] = pool.Subscribe(prod(), want(fmt.Sprint(i)))
		}
		synctest.Wait()
		if got := len(server.Asked()); got != 10 {
			t.Errorf("%d requests under way, want 10", got)
		}
		close(held)
		for i, subscription := range subscriptions {
			if got := number(t, subscription); got != fmt.Sprint(i) {
				t.Errorf("query %d: %s", i, got)
			}
		}
	})
	if got := server.Busiest(); got != 10 {
		t.Errorf("%d requests at once, want 10", got)
	}
}

// It does not matter whether the Secret or New Relic changes first.
// However many queries there are, and however long it lasts, a key that is not accepted is told of once.
func TestAKeyThatIsNotAcceptedIsToldOfOnce(t *testing.T) {
	t.Parallel()
	server := fake.New()
	server.Accept("NRAK-1")
	var log strings.Builder
	inLoggedBubble(t, server, slog.New(slog.NewTextHandler(&log, nil)), func(_ *testing.T, pool *nerdgraph.Pool) {
		for i := range 5 {
			server.Set(fmt.Sprint(i), fake.Number("n", 1))
			pool.Subscribe(prod(), want(fmt.Sprint(i)))
		}
		for _, key := range []secret.Text{"NRAK-2", "NRAK-3"} {
			renewed := prod()
			renewed.Key = key
			pool.Renew(renewed)
			time.Sleep(2 * time.Minute)
		}
	})
	if told := strings.Count(log.String(), "does not accept the new key"); told != 2 || strings.Contains(log.String(), "NRAK") {
		t.Errorf("two keys are told of %d times", told)
	}
}

func TestANewKeyIsTriedBesideTheOldOne(t *testing.T) {
	t.Parallel()
	server := fake.New()
	server.Accept("NRAK-1")
	server.Set("q", fake.Number("n", 1))
	inBubble(t, server, func(t *testing.T, pool *nerdgraph.Pool) {
		old := pool.Subscribe(prod(), want("q"))
		if got := number(t, old); got != "1" {
			t.Fatal(got)
		}
		renewed := prod()
		renewed.Key = "NRAK-2"
		pool.Renew(renewed)
		pool.Renew(renewed)
		late := pool.Subscribe(prod(), want("late")) // by a trigger that was decoded before
		server.Set("late", fake.Number("n", 2))
		time.Sleep(time.Minute)
		if got := number(t, old) + number(t, late); got != "12" {
			t.Errorf("while New Relic knows the old key: %s", got)
		}
		server.Accept("NRAK-1", "NRAK-2")
		time.Sleep(20 * time.Second)
		server.Accept("NRAK-2")
		before := len(server.Asked())
		time.Sleep(time.Minute)
		if got := number(t, old) + number(t, late); got != "12" {
			t.Errorf("when New Relic knows the new key alone: %s", got)
		}
		if slices.ContainsFunc(server.Asked()[before:], func(r fake.Request) bool { return r.Key == "NRAK-1" }) {
			t.Error("the old key is used although the new one was accepted")
		}
		server.Accept("NRAK-3")
		time.Sleep(2 * time.Minute)
		if got := number(t, old); !strings.HasPrefix(got, "unauthenticated: New Relic answers 401 Unauthorized: Your API key is invalid") || strings.Contains(got, "NRAK") {
			t.Errorf("with a key that nobody knows: %s", got)
		}
	})
}

func TestStatusTellsOfQueriesThatFail(t *testing.T) {
	t.Parallel()
	server := fake.New()
	server.Set("bad", fake.Reply{Status: 500})
	inBubble(t, server, func(t *testing.T, pool *nerdgraph.Pool) {
		pool.Subscribe(prod(), want("bad"))
		pool.Subscribe(prod(), want("good"))
		last := pool.Subscribe(prod(), want("good"))
		synctest.Wait()
		got := pool.Status()
		if len(got) != 1 || got[0].Connection != "prod" || got[0].Triggers != 3 || got[0].Doing != "asks 2 queries, of which 1 fail" ||
			got[0].Fault != "unreachable" || got[0].Down || got[0].Done != 1 || got[0].Failed != 1 || got[0].Requests[0].Sent != 2 {
			t.Errorf("got %+v", got)
		}
		_ = last.Close()
		if got := pool.Status(); got[0].Triggers != 2 {
			t.Errorf("got %+v", got)
		}
	})
}

func TestRegions(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{"us": "US", "eu": "EU", "Jp": "JP", "gov": "GOV", "fedramp": "GOV", "staging": "Staging"} {
		if got, err := nerdgraph.RegionOf(text); err != nil || got != want {
			t.Errorf("%q: got %q, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "local", "Mars"} { // the client's "local" sends the key to whoever listens on this machine
		if _, err := nerdgraph.RegionOf(text); err == nil {
			t.Errorf("%q is taken for a region", text)
		}
	}
}
