package newrelic_test

import (
	"context"
	"log/slog"
	"maps"
	"math"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lagwise/lagwise/scalers"
	"github.com/lagwise/lagwise/scalers/newrelic"
	"github.com/lagwise/lagwise/scalers/newrelic/nerdgraph"
	fake "github.com/lagwise/lagwise/test/nerdgraph"
)

const nrql = "SELECT rate(count(*), 10 SECOND) FROM Transaction"

func metadata(more ...string) map[string]string {
	all := map[string]string{"scaler": "new-relic", "connection": "prod", "nrql": nrql, "threshold": "70"}
	for i := 0; i < len(more); i += 2 {
		all[more[i]] = more[i+1]
	}
	return all
}

// harness builds scalers that ask the server. It runs in a bubble.
type harness struct {
	server *fake.Server
	build  scalers.Factory
}

func inBubble(t *testing.T, connection nerdgraph.Connection, test func(*testing.T, harness)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		server := fake.New()
		pool := nerdgraph.NewPool(nerdgraph.Options{Transport: server})
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- pool.Run(ctx) }()
		defer func() {
			stop()
			if err := <-ended; err != nil {
				t.Error(err)
			}
		}()
		subscribe := func(connection nerdgraph.Connection, want nerdgraph.Want) newrelic.Subscription {
			return pool.Subscribe(connection, want)
		}
		connection.Name, connection.Key = "prod", "NRAK-1"
		connections := scalers.NewConnections(map[string]scalers.Grant[nerdgraph.Connection]{
			"prod": {Connection: connection}, "walled": {Connection: connection, Namespaces: []string{"vault"}},
		})
		test(t, harness{server: server, build: newrelic.New(subscribe, connections, slog.New(slog.DiscardHandler))})
	})
}

func pinned() nerdgraph.Connection {
	return nerdgraph.Connection{Account: 7, HasAccount: true, Region: "EU"}
}

func (h harness) trigger(metadata map[string]string) scalers.Scaler {
	return h.build(scalers.Trigger{Namespace: "shop", Name: "web", Metadata: metadata})
}

func TestAnswersAreJudgedAsKEDAJudgesThem(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		rows   []map[string]any
		more   []string
		value  float64
		active bool
		reason string
		err    string
	}{
		"a number":           {rows: []map[string]any{{"rate.count": 1.666}}, value: 1.666, active: true, reason: "query: rate.count is 1.666; activate: active: 1.666 is above activationThreshold 0"},
		"zero":               {rows: []map[string]any{{"count": 0}}, reason: "query: count is 0; activate: inactive: 0 is not above activationThreshold 0"},
		"at the threshold":   {rows: []map[string]any{{"count": 5}}, more: []string{"activationThreshold", "5"}, value: 5, reason: "inactive: 5 is not above activationThreshold 5"},
		"above it":           {rows: []map[string]any{{"count": 5.1}}, more: []string{"activationThreshold", "5"}, value: 5.1, active: true},
		"negative":           {rows: []map[string]any{{"derivative": -3}}, more: []string{"activationThreshold", "-5"}, active: true, reason: "derivative is -3"},
		"among words":        {rows: []map[string]any{{"facet": "web", "count": 4, "ok": true}}, value: 4, active: true},
		"first of several":   {rows: []map[string]any{{"count": 4}, {"count": 9}}, value: 4, active: true, reason: "count is 4 in the first of 2 rows; the others do not count"},
		"no rows":            {reason: "query: no number counts as 0: the answer has no rows"},
		"no rows, an error":  {more: []string{"noDataError", "true"}, err: "not_found: the query found no number (noDataError): the answer has no rows"},
		"null":               {rows: []map[string]any{{"average.duration": nil}}, reason: "no number counts as 0: average.duration is null"},
		"null, an error":     {rows: []map[string]any{{"average.duration": nil}}, more: []string{"noDataError", "1"}, err: "not_found: the query found no number (noDataError): average.duration is null"},
		"digits in a text":   {rows: []map[string]any{{"latest.n": "12"}}, reason: "latest.n is a text"},
		"a percentile":       {rows: []map[string]any{{"percentile.duration": map[string]any{"95": 1.5}}}, reason: "percentile.duration is nested"},
		"no columns":         {rows: []map[string]any{{}}, reason: "the answer's row has no columns"},
		"several numbers":    {rows: []map[string]any{{"count": 3, "average.duration": 0.2}}, err: "refused: nrql: the answer has 2 numbers in a row (average.duration, count), and nothing says which one counts"},
		"a time series":      {rows: []map[string]any{{"beginTimeSeconds": 1, "endTimeSeconds": 2, "count": 3}}, err: "refused: nrql: the answer has 3 numbers in a row (beginTimeSeconds, count, endTimeSeconds)"},
		"far more than that": {rows: []map[string]any{{"a": 1, "b": 1, "c": 1, "d": 1, "e": 1, "f": 1, "g": 1}}, err: "refused: nrql: the answer has 7 numbers in a row (a, b, c, d, e and 2 more)"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inBubble(t, pinned(), func(t *testing.T, h harness) {
				h.server.Set(nrql, fake.Rows(test.rows...))
				scaler := h.trigger(metadata(test.more...))
				got, err := scaler.Evaluate(t.Context())
				if test.err != "" {
					cause, _ := scalers.CauseOf(err)
					if err == nil || !strings.HasPrefix(cause.String()+": "+err.Error(), test.err) {
						t.Errorf("got %+v, %v\nwant %s", got, err, test.err)
					}
					if _, known := known(t, scaler); known {
						t.Error("an error passes for an answer")
					}
					return
				}
				if err != nil || got.Value != test.value || got.Active != test.active || !strings.Contains(reasons(got), test.reason) {
					t.Errorf("got %+v, %v; because %s", got, err, reasons(got))
				}
				if again, is := known(t, scaler); !is || again.Value != got.Value || again.Active != got.Active {
					t.Errorf("known is %+v, %v", again, is)
				}
			})
		})
	}
}

func known(t *testing.T, scaler scalers.Scaler) (scalers.Evaluation, bool) {
	t.Helper()
	prompt, ok := scaler.(scalers.Prompt)
	if !ok {
		t.Fatal("the scaler does not answer from memory")
	}
	return prompt.Known()
}

func reasons(evaluation scalers.Evaluation) string {
	var texts []string
	for _, reason := range evaluation.Reasons {
		texts = append(texts, reason.Rule+": "+reason.Text)
	}
	return strings.Join(texts, "; ")
}

func TestMetricIsKEDAs(t *testing.T) {
	t.Parallel()
	inBubble(t, pinned(), func(t *testing.T, h harness) {
		if got := h.trigger(metadata("threshold", "0.25")).Metric(); got != (scalers.Metric{Name: "new-relic", Target: 0.25}) {
			t.Errorf("got %+v", got)
		}
	})
}

// Account and region are the connection's, and the trigger's where it has none.
func TestWhomIsAsked(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		connection nerdgraph.Connection
		more       []string
		account    int64
		host       string
		reason     string
	}{
		"the connection's":    {pinned(), nil, 7, "api.eu.newrelic.com", ""},
		"the trigger's":       {nerdgraph.Connection{}, []string{"account", "8", "region", "jp"}, 8, "api.jp.newrelic.com", ""},
		"US by default":       {nerdgraph.Connection{}, []string{"account", "8"}, 8, "api.newrelic.com", ""},
		"the connection wins": {pinned(), []string{"account", "8", "region", "US"}, 7, "api.eu.newrelic.com", "query: account 8 does not count: connection prod says 7; query: region US does not count: connection prod says EU"},
		"said twice":          {pinned(), []string{"account", "7", "region", "eu"}, 7, "api.eu.newrelic.com", ""},
		"an address":          {nerdgraph.Connection{URL: "http://proxy.example/graphql"}, []string{"account", "8", "region", "EU"}, 8, "proxy.example", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inBubble(t, test.connection, func(t *testing.T, h harness) {
				got, err := h.trigger(metadata(test.more...)).Evaluate(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				asked := h.server.Asked()[0]
				if asked.Account != test.account || asked.Host != test.host {
					t.Errorf("asked %+v", asked)
				}
				if text := reasons(got); !strings.HasPrefix(text, test.reason) || test.reason == "" && strings.Contains(text, "does not count") {
					t.Errorf("because %s", text)
				}
			})
		})
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		connection nerdgraph.Connection
		more       []string
		want       string
	}{
		"no connection":      {pinned(), []string{"connection", ""}, "connection: missing; Name of a connection of type new-relic"},
		"another connection": {pinned(), []string{"connection", "test"}, `connection "test" is not configured: want one of prod`},
		"walled":             {pinned(), []string{"connection", "walled"}, `connection "walled" is not for namespace "shop"`},
		"no query":           {pinned(), []string{"nrql", " "}, "nrql: missing"},
		"no threshold":       {pinned(), []string{"threshold", ""}, "threshold: missing"},
		"threshold zero":     {pinned(), []string{"threshold", "0"}, `threshold "0": want a number above 0`},
		"threshold a word":   {pinned(), []string{"threshold", "one"}, `threshold "one": want a number`},
		"threshold NaN":      {pinned(), []string{"threshold", "NaN"}, `threshold "NaN": want a number`},
		"activation":         {pinned(), []string{"activationThreshold", "x"}, `activationThreshold "x": want a number`},
		"noDataError":        {pinned(), []string{"noDataError", "invalid"}, `noDataError "invalid": want "true" or "false"`},
		"account a word":     {pinned(), []string{"account", "ABC"}, `account "ABC": want a whole number`},
		"no account":         {nerdgraph.Connection{}, nil, `account: missing; connection "prod" names none`},
		"region":             {pinned(), []string{"region", "Mars"}, `region "Mars": want one of US, EU, JP, GOV, Staging`},
		"this machine":       {nerdgraph.Connection{}, []string{"account", "1", "region", "local"}, `region "local": want one of`},
		"a key":              {pinned(), []string{"queryKey", "NRAK-SECRET"}, "queryKey: credentials never stand in metadata"},
		"a key resolved":     {pinned(), []string{"queryKeyFromEnv", "NRAK-SECRET"}, "queryKeyFromEnv: credentials never stand in metadata"},
		"misspelt":           {pinned(), []string{"noDataErorr", "true"}, `"noDataErorr" is not a key; did you mean noDataError?`},
		"a connection's url": {pinned(), []string{"url", "http://evil.example"}, `"url" is not a key; did you mean connection?`},
		"another tool's key": {pinned(), []string{"endpoint", "http://evil.example"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inBubble(t, test.connection, func(t *testing.T, h harness) {
				scaler := h.trigger(metadata(test.more...))
				_, err := scaler.Evaluate(t.Context())
				if test.want == "" { // another tool's key, and no way to send the key elsewhere
					if got := h.server.Asked()[0].Host; err != nil || got != "api.eu.newrelic.com" {
						t.Errorf("asked %s, %v", got, err)
					}
					return
				}
				if cause, _ := scalers.CauseOf(err); cause != scalers.CauseRefused || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "SECRET") {
					t.Errorf("got %v\nwant %s", err, test.want)
				}
				if metric := scaler.Metric(); metric.Name != "new-relic" || metric.Target <= 0 || math.IsNaN(metric.Target) {
					t.Errorf("the metric is %+v", metric)
				}
				if len(h.server.Asked()) > 0 {
					t.Error("New Relic was asked")
				}
			})
		})
	}
}

// N streams wait for one query; none asks by itself.
func TestStreamsShareTheQuery(t *testing.T) {
	t.Parallel()
	inBubble(t, pinned(), func(t *testing.T, h harness) {
		h.server.Set(nrql, fake.Number("count", 0))
		ctx, stop := context.WithCancel(t.Context())
		woken := make(chan time.Duration, 1000)
		ended := make(chan error, 20)
		began := time.Now()
		for i := range 20 {
			more := maps.Clone(metadata())
			more["threshold"] = []string{"70", "10"}[i%2]
			scaler := h.trigger(more)
			watcher, ok := scaler.(scalers.Watcher)
			if !ok {
				t.Fatal("the scaler cannot watch")
			}
			go func() {
				was := false
				ended <- watcher.Watch(ctx, func(evaluation scalers.Evaluation) error {
					if evaluation.Active && !was {
						woken <- time.Since(began)
					}
					was = evaluation.Active
					return nil
				})
			}()
		}
		time.Sleep(20 * time.Second)
		h.server.Set(nrql, fake.Number("count", 1))
		time.Sleep(time.Minute)
		if got := len(h.server.Asked()); got != 6 {
			t.Errorf("%d requests in 80 s, want 6", got)
		}
		if len(woken) != 20 {
			t.Errorf("%d streams saw the rise", len(woken))
		}
		for range len(woken) {
			if after := <-woken; after != 30*time.Second {
				t.Errorf("a stream saw it after %v", after)
			}
		}
		stop()
		for range 20 {
			if err := <-ended; err != nil {
				t.Error(err)
			}
		}
	})
}

func TestForgottenTriggersEndTheirStreamsAndTheirQuery(t *testing.T) {
	t.Parallel()
	inBubble(t, pinned(), func(t *testing.T, h harness) {
		scaler := h.trigger(metadata())
		user, ok := scaler.(*newrelic.Scaler)
		if !ok || !user.Uses("prod") || user.Uses("") || user.Uses("other") {
			t.Error("the scaler does not know its connection")
		}
		ended := make(chan error, 1)
		go func() { ended <- user.Watch(t.Context(), func(scalers.Evaluation) error { return nil }) }()
		time.Sleep(time.Second)
		if err := user.Close(); err != nil {
			t.Error(err)
		}
		if err := user.Close(); err != nil {
			t.Error(err)
		}
		if err := <-ended; err != nil {
			t.Error(err)
		}
		before := len(h.server.Asked())
		time.Sleep(time.Hour)
		if got := len(h.server.Asked()); got != before {
			t.Errorf("%d requests after nobody was left", got-before)
		}
	})
}

func TestDetailShowsTheAnswer(t *testing.T) {
	t.Parallel()
	inBubble(t, pinned(), func(t *testing.T, h harness) {
		h.server.Set(nrql, fake.Rows(map[string]any{"rate.count": 12.5, "facet": "web"}, map[string]any{"rate.count": 2}))
		scaler := h.trigger(metadata())
		if _, err := scaler.Evaluate(t.Context()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(4 * time.Second)
		detail, err := scalers.DetailOf(t.Context(), scaler)
		if err != nil || detail.Value != 12.5 || len(detail.Parts) != 1 {
			t.Fatalf("got %+v, %v", detail, err)
		}
		part := detail.Parts[0]
		if part.Name != "rate.count" || part.Left != 12.5 || part.Figures[0].Value != 12.5 || part.Figures[1].Value != 2 ||
			part.Figures[3].Value != 4 || part.Note != "account 7: "+nrql {
			t.Errorf("got %+v", part)
		}
	})
}
