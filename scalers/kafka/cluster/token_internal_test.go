package cluster

import (
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
)

// tokens is an endpoint that gives numbered tokens to lagwise with the secret "right".
func tokens(t *testing.T, lifeSeconds int) (endpoint *httptest.Server, asked *atomic.Int32) {
	t.Helper()
	asked = &atomic.Int32{}
	endpoint = httptest.NewTLSServer(http.HandlerFunc(func(to http.ResponseWriter, request *http.Request) {
		number := asked.Add(1)
		to.Header().Set("Content-Type", "application/json")
		id, secret, _ := request.BasicAuth()
		if id != "lagwise" || secret != "right" || request.FormValue("grant_type") != "client_credentials" || request.FormValue("scope") != "kafka read" {
			to.WriteHeader(http.StatusUnauthorized)
			_, _ = fmt.Fprint(to, `{"error": "invalid_client", "error_description": "who is that?", "hint": "hunter2"}`)
			return
		}
		_, _ = fmt.Fprintf(to, `{"access_token": "token-%d", "token_type": "bearer", "expires_in": %d}`, number, lifeSeconds)
	}))
	t.Cleanup(endpoint.Close)
	return endpoint, asked
}

func bearing(endpoint *httptest.Server, secret Secret) Connection {
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: endpoint.Certificate().Raw})
	return Connection{Name: "payments", SASL: &SASL{Mechanism: OAuthBearer, OAuth: &OAuth{
		TokenURL: endpoint.URL, ClientID: "lagwise", ClientSecret: secret, Scopes: []string{"kafka", "read"},
		Extensions: map[string]string{"logicalCluster": "lkc-1"}, CA: string(ca),
	}}}
}

func TestClientsOfAConnectionShareATokenUntilItAges(t *testing.T) {
	t.Parallel()
	endpoint, asked := tokens(t, 100)
	bearers, connection := newBearers(), bearing(endpoint, "right")
	supply := func(connection Connection) bearerToken {
		t.Helper()
		token, err := bearers.token(t.Context(), connection)
		if err != nil {
			t.Fatalf("no token: %v", err)
		}
		return token
	}
	for range 3 {
		first := supply(connection)
		if left := time.Until(first.expires); first.value != "token-1" || left < 80*time.Second || left > 100*time.Second || first.extensions["logicalCluster"] != "lkc-1" {
			t.Errorf("the token is %+v", first)
		}
	}
	kept := bearers.kept[connection.fingerprint()]
	kept.fetched = kept.fetched.Add(-100 * time.Second)
	kept.token.expires = kept.fetched.Add(100 * time.Second)
	if again := supply(connection); again.value != "token-2" {
		t.Errorf("an old token is given again: %+v", again)
	}
	other := connection
	other.Name = "other"
	if supply(other).value != "token-3" || asked.Load() != 3 {
		t.Errorf("%d tokens were asked for, want 3", asked.Load())
	}
}

func TestWhyThereIsNoToken(t *testing.T) {
	t.Parallel()
	endpoint, _ := tokens(t, 100)
	closed, _ := tokens(t, 100)
	closed.Close()
	untrusted := bearing(endpoint, "right")
	untrusted.SASL.OAuth.CA = ""
	elsewhere := httptest.NewTLSServer(http.RedirectHandler(endpoint.URL, http.StatusTemporaryRedirect)) // a 307 would have the secret sent once more
	defer elsewhere.Close()
	nobody := bearing(closed, "right")
	nobody.SASL.OAuth.TokenURL += "/token?key=hunter2"
	for name, test := range map[string]struct {
		connection Connection
		words      string
	}{
		"wrong secret":      {bearing(endpoint, "wrong"), "no token from " + endpoint.URL + ": 401 Unauthorized who is that?"},
		"nobody there":      {nobody, "connection refused"},
		"a redirect":        {bearing(elsewhere, "right"), "307 Temporary Redirect"},
		"unknown authority": {untrusted, "certificate signed by unknown authority"},
	} {
		_, err := newBearers().token(t.Context(), test.connection)
		if err == nil || !strings.Contains(err.Error(), test.words) || strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), "wrong") {
			t.Errorf("%s: told %v, want %q", name, err, test.words)
		}
	}
}

// Whoever rotates a secret each day, or brings secrets of its own in trigger after trigger, leaves nothing behind for ever.
func TestTokensThatAreOverAreForgotten(t *testing.T) {
	t.Parallel()
	endpoint, _ := tokens(t, 100)
	bearers := newBearers()
	for i := range 10 {
		connection := bearing(endpoint, "right")
		connection.Name = fmt.Sprint(i)
		if _, err := bearers.token(t.Context(), connection); err != nil {
			t.Fatal(err)
		}
		kept := bearers.kept[connection.fingerprint()]
		kept.token.expires = kept.fetched
	}
	if len(bearers.kept) > 1 {
		t.Errorf("%d tokens are kept, of which 10 are over", len(bearers.kept))
	}
}

// A fault of a token endpoint is known as one also when it is repeated with the age of the last observation.
func TestFaultsOfTheTokenEndpointAreKnown(t *testing.T) {
	t.Parallel()
	fromEndpoint := faultOf("connection payments", &brokerError{"no broker answers", &tokenError{errors.New("no token from https://login.example: 404")}})
	repeated := (&Subscription{fault: fromEndpoint}).stale(time.Minute)
	for _, fault := range []*Fault{fromEndpoint, repeated} {
		if fault.Kind != BadCredentials || !fault.FromTokenEndpoint() {
			t.Errorf("%s: %v", fault.Kind, fault)
		}
	}
	if faultOf("connection payments", kerr.SaslAuthenticationFailed).FromTokenEndpoint() {
		t.Error("a broker's refusal counts as the token endpoint's")
	}
}
