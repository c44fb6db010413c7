package newrelic_test

import (
	"maps"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lagwise/lagwise/scalers"
	"github.com/lagwise/lagwise/scalers/newrelic/nerdgraph"
	"github.com/lagwise/lagwise/scalers/secret"
)

// logIn builds a trigger that names a TriggerAuthentication with a key, and with pairs of parameters and values.
func (h harness) logIn(more map[string]string, pairs ...string) scalers.Scaler {
	written := metadata("authenticationRefName", "login", "connection", "")
	maps.Copy(written, more)
	credentials := map[string]secret.Text{"queryKey": "NRAK-1"}
	for i := 0; i < len(pairs); i += 2 {
		credentials[pairs[i]] = secret.Text(pairs[i+1])
	}
	return h.build(scalers.Trigger{Namespace: "shop", Name: "web", Metadata: written, Credentials: credentials})
}

// KEDA reads a TriggerAuthentication's account and region before metadata's.
func TestLoggingInAsKEDADoes(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		more    map[string]string
		pairs   []string
		account int64
		host    string
	}{
		"all of it":          {nil, []string{"account", "9", "region", "eu"}, 9, "api.eu.newrelic.com"},
		"before metadata":    {map[string]string{"account": "8", "region": "US"}, []string{"account", "9", "region", "eu"}, 9, "api.eu.newrelic.com"},
		"metadata's account": {map[string]string{"account": "8"}, nil, 8, "api.newrelic.com"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inBubble(t, nerdgraph.Connection{}, func(t *testing.T, h harness) {
				if _, err := h.logIn(test.more, test.pairs...).Evaluate(t.Context()); err != nil {
					t.Fatal(err)
				}
				if asked := h.server.Asked()[0]; asked.Account != test.account || asked.Host != test.host || asked.Key != "NRAK-1" {
					t.Errorf("asked %+v", asked)
				}
			})
		})
	}
}

func TestLoginsThatAreRefused(t *testing.T) {
	t.Parallel()
	for words, pairs := range map[string][]string{
		`TriggerAuthentication "login" of namespace "shop" gives no queryKey`: {"queryKey", " "},
		"account of TriggerAuthentication":                                    {"account", "SECRET"},
		"region of TriggerAuthentication":                                     {"account", "9", "region", "SECRET"},
		"account: missing":                                                    {"region", "EU"},
	} {
		t.Run(words, func(t *testing.T) {
			t.Parallel()
			inBubble(t, nerdgraph.Connection{}, func(t *testing.T, h harness) {
				_, err := h.logIn(nil, pairs...).Evaluate(t.Context())
				if cause, _ := scalers.CauseOf(err); cause != scalers.CauseRefused || !strings.Contains(err.Error(), words) || strings.Contains(err.Error(), "SECRET") {
					t.Error(err)
				}
			})
		})
	}
}

// Triggers are told of a new key one after the other; the first one brings it to the query that all of them share.
func TestANewKeyIsUsed(t *testing.T) {
	t.Parallel()
	inBubble(t, nerdgraph.Connection{}, func(t *testing.T, h harness) {
		old := h.logIn(nil, "account", "9")
		if _, err := old.Evaluate(t.Context()); err != nil {
			t.Fatal(err)
		}
		h.server.Accept("NRAK-2")
		next := h.logIn(nil, "account", "9", "queryKey", "NRAK-2")
		time.Sleep(nerdgraph.DefaultInterval)
		synctest.Wait()
		asked := h.server.Asked()
		if _, err := next.Evaluate(t.Context()); err != nil || asked[len(asked)-1].Key != "NRAK-2" || len(asked) > 3 {
			t.Errorf("asked %+v, %v", asked, err)
		}
	})
}
