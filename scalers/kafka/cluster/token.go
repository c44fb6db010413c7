package cluster

import (
	"cmp"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
)

// OAuth is where a connection gets its bearer tokens, as an OAuth client that acts for itself (RFC 6749, 4.4).
type OAuth struct {
	TokenURL     string
	ClientID     string
	ClientSecret Secret
	Scopes       []string
	// Extensions are sent to the broker beside the token (RFC 7628), such as Confluent's logicalCluster.
	Extensions map[string]string
	// CA is the PEM of the authorities that sign the endpoint's certificate; the system's when empty.
	CA string
}

// words are all that tells one source of tokens from another; nil has none.
func (o *OAuth) words() []string {
	if o == nil {
		return nil
	}
	words := []string{o.TokenURL, o.ClientID, string(o.ClientSecret), o.CA, strings.Join(o.Scopes, " ")}
	for _, name := range slices.Sorted(maps.Keys(o.Extensions)) {
		words = append(words, name, o.Extensions[name])
	}
	return words
}

const (
	// tokenTimeout bounds one request for a token.
	tokenTimeout = 5 * time.Second
	// unsaidLife is how long a token is used whose endpoint does not say how long it lasts.
	unsaidLife = 5 * time.Minute
)

// bearerToken is what a broker is shown.
type bearerToken struct {
	value      string
	expires    time.Time
	extensions map[string]string
}

// bearers fetches tokens, and shares them between the clients of a connection.
type bearers struct {
	mu   sync.Mutex
	kept map[[sha256.Size]byte]*bearer
}

// bearer is one connection's present token, and when it was fetched.
type bearer struct {
	mu      sync.Mutex
	token   bearerToken
	fetched time.Time
}

func newBearers() *bearers { return &bearers{kept: map[[sha256.Size]byte]*bearer{}} }

// token gives a token that is no older than three fifths of its life.
func (b *bearers) token(ctx context.Context, connection Connection) (bearerToken, error) {
	key := connection.fingerprint()
	b.mu.Lock()
	kept, found := b.kept[key]
	if !found {
		maps.DeleteFunc(b.kept, func(_ [sha256.Size]byte, other *bearer) bool { return other.over(time.Now()) })
		kept = &bearer{}
		b.kept[key] = kept
	}
	b.mu.Unlock()

	kept.mu.Lock()
	defer kept.mu.Unlock()
	now := time.Now()
	if life := kept.token.expires.Sub(kept.fetched); now.Sub(kept.fetched) < life*3/5 {
		return kept.token, nil
	}
	token, err := connection.SASL.fetchToken(ctx)
	if err != nil {
		return bearerToken{}, err
	}
	kept.token, kept.fetched = token, now
	return token, nil
}

// over says that the token can be forgotten: none of its clients has asked for a new one in all its life, or none was to be had.
func (b *bearer) over(now time.Time) bool {
	if !b.mu.TryLock() { // it is being fetched
		return false
	}
	defer b.mu.Unlock()
	return !now.Before(b.token.expires)
}

func (s SASL) fetchToken(ctx context.Context) (bearerToken, error) {
	if s.AWSRegion != "" {
		return fetchMSKToken(ctx, s)
	}
	return fetchToken(ctx, *s.OAuth)
}

func fetchToken(ctx context.Context, oauth OAuth) (bearerToken, error) {
	client, err := oauth.client()
	if err != nil {
		return bearerToken{}, err
	}
	defer client.CloseIdleConnections()
	config := clientcredentials.Config{
		ClientID: oauth.ClientID, ClientSecret: string(oauth.ClientSecret), TokenURL: oauth.TokenURL, Scopes: oauth.Scopes,
	}
	fetched, err := config.Token(context.WithValue(ctx, oauth2.HTTPClient, client))
	if err != nil {
		return bearerToken{}, fmt.Errorf("no token from %s: %w", oauth.host(), plainly(err))
	}
	expires := fetched.Expiry
	if expires.IsZero() {
		expires = time.Now().Add(unsaidLife)
	}
	return bearerToken{value: fetched.AccessToken, expires: expires, extensions: oauth.Extensions}, nil
}

func (o OAuth) client() (*http.Client, error) {
	transport := &http.Transport{Proxy: http.ProxyFromEnvironment}
	if o.CA != "" {
		authorities := x509.NewCertPool()
		if !authorities.AppendCertsFromPEM([]byte(o.CA)) {
			return nil, errors.New("the token endpoint's authorities: no certificate in PEM")
		}
		transport.TLSClientConfig = &tls.Config{RootCAs: authorities, MinVersion: tls.VersionTLS12}
	}
	return &http.Client{
		Transport: transport, Timeout: tokenTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, // the secret goes nowhere else
	}, nil
}

// host is what messages call the endpoint by: the rest of its URL may be secret.
func (o OAuth) host() string {
	endpoint, err := url.Parse(o.TokenURL)
	if err != nil {
		return "the token endpoint"
	}
	return endpoint.Scheme + "://" + endpoint.Host
}

// plainly leaves the endpoint's own page and its URL out of its error: what stands there is not for logs.
func plainly(err error) error {
	if asked, is := errors.AsType[*url.Error](err); is {
		err = asked.Err
	}
	refused, is := errors.AsType[*oauth2.RetrieveError](err)
	if !is {
		return err
	}
	return fmt.Errorf("%s %s", refused.Response.Status, cmp.Or(refused.ErrorDescription, refused.ErrorCode))
}
