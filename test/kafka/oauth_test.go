//go:build kafka

package kafka_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lagwise/lagwise/scalers"
	"github.com/lagwise/lagwise/scalers/kafka/cluster"
	"github.com/lagwise/lagwise/test/realkafka"
)

// login is an endpoint that gives an unsecured token for the broker's super user, for a few seconds, to whoever knows the
// secret.
func login(t *testing.T, life time.Duration) (url string, given *atomic.Int32) {
	t.Helper()
	given = &atomic.Int32{}
	endpoint := httptest.NewServer(http.HandlerFunc(func(to http.ResponseWriter, request *http.Request) {
		to.Header().Set("Content-Type", "application/json")
		if _, secret, _ := request.BasicAuth(); secret != "right" {
			to.WriteHeader(http.StatusUnauthorized)
			_, _ = fmt.Fprint(to, `{"error": "invalid_client"}`)
			return
		}
		given.Add(1)
		now := time.Now()
		claims := fmt.Sprintf(`{"sub": %q, "iat": %d, "exp": %d}`, realkafka.Admin, now.Unix()-1, now.Add(life).Unix())
		encode := base64.RawURLEncoding.EncodeToString
		_, _ = fmt.Fprintf(to, `{"access_token": "%s.%s.", "token_type": "bearer", "expires_in": %d}`,
			encode([]byte(`{"alg":"none"}`)), encode([]byte(claims)), int(life.Seconds()))
	}))
	t.Cleanup(endpoint.Close)
	return endpoint.URL, given
}

func bearing(url string, secret cluster.Secret) cluster.Connection {
	return cluster.Connection{
		Name: "payments", BootstrapServers: []string{shared.SASLPlaintextAddress()},
		SASL: &cluster.SASL{Mechanism: cluster.OAuthBearer, OAuth: &cluster.OAuth{TokenURL: url, ClientID: "lagwise", ClientSecret: secret}},
	}
}

// Tokens are fetched, shared by all clients of the session, fetched anew before they expire, and push works with them.
func TestBearerTokens(t *testing.T) {
	t.Parallel()
	operator := operatorOf(t, shared)
	topic, group := operator.topic(t, 1), fresh(t)
	operator.commit(t, group, topic, 0, 0)
	const life = 10 * time.Second
	url, given := login(t, life)
	began := time.Now()
	connection := bearing(url, "right")
	trigger := startLagwise(t, cluster.Options{}, connection).trigger(t, on(by(connection), group, topic, "sasl", "oauthbearer"))
	answers(t, trigger, 0, false)
	eventually(t, patience, func() error {
		if _, err := ask(t, trigger); err != nil {
			t.Fatalf("no answer while tokens are renewed: %v", err)
		}
		if n := given.Load(); n < 3 {
			return fmt.Errorf("%d tokens were given, want a third one", n)
		}
		return nil
	})
	operator.produce(t, topic, 0, 3)
	answers(t, trigger, 3, true)
	// A token is renewed after eight tenths of its life.
	if n, most := given.Load(), 2+int32(time.Since(began)/(life*7/10)); n > most {
		t.Errorf("%d tokens were given and %d needed at most, which looks like one for each client", n, most)
	}
}

func TestNoBearerToken(t *testing.T) {
	t.Parallel()
	operator := operatorOf(t, shared)
	topic, group := operator.topic(t, 1), fresh(t)
	url, _ := login(t, time.Minute)
	connection := bearing(url, "wrong")
	trigger := startLagwise(t, cluster.Options{}, connection).trigger(t, on(by(connection), group, topic))
	fails(t, trigger, scalers.CauseUnauthenticated, "no token from "+url, "401")
}
