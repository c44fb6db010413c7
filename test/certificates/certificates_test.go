package certificates_test

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	"github.com/lagwise/lagwise/test/certificates"
)

// A server and a client that trust the authority accept each other, by name and by address.
func TestBothSidesAccept(t *testing.T) {
	t.Parallel()
	authority := authorityOf(t)
	var user x509.Certificate
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(_ http.ResponseWriter, asked *http.Request) {
		user = *asked.TLS.PeerCertificates[0]
	}))
	server.TLS = &tls.Config{
		ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: pool(t, authority),
		Certificates: []tls.Certificate{pair(t, authority, certificates.Subject{
			Name: "server", DNSNames: []string{"server.local"}, IPs: []net.IP{net.IPv4(127, 0, 0, 1)},
		})},
	}
	server.StartTLS()
	t.Cleanup(server.Close)

	for _, name := range []string{"127.0.0.1", "server.local"} {
		if err := ask(t, server.URL, &tls.Config{
			ServerName: name, RootCAs: pool(t, authority),
			Certificates: []tls.Certificate{pair(t, authority, certificates.Subject{Name: "alice", Groups: []string{"masters"}})},
		}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if user.Subject.CommonName != "alice" || !slices.Equal(user.Subject.Organization, []string{"masters"}) {
		t.Errorf("the server knows the client as %s", user.Subject)
	}
	stranger := pair(t, authorityOf(t), certificates.Subject{Name: "alice"})
	if err := ask(t, server.URL, &tls.Config{
		ServerName: "server.local", RootCAs: pool(t, authority), Certificates: []tls.Certificate{stranger},
	}); err == nil {
		t.Error("another authority's client is let in")
	}
}

func authorityOf(t *testing.T) *certificates.Authority {
	t.Helper()
	authority, err := certificates.NewAuthority("authority")
	if err != nil {
		t.Fatal(err)
	}
	return authority
}

func pair(t *testing.T, authority *certificates.Authority, subject certificates.Subject) tls.Certificate {
	t.Helper()
	identity, err := authority.Identify(subject)
	if err != nil {
		t.Fatal(err)
	}
	pair, err := tls.X509KeyPair(identity.Certificate, identity.Key)
	if err != nil {
		t.Fatal(err)
	}
	return pair
}

func pool(t *testing.T, authority *certificates.Authority) *x509.CertPool {
	t.Helper()
	trusted := x509.NewCertPool()
	if !trusted.AppendCertsFromPEM(authority.Certificate) {
		t.Fatal("the authority's certificate cannot be read")
	}
	return trusted
}

func ask(t *testing.T, url string, config *tls.Config) error {
	t.Helper()
	transport := &http.Transport{TLSClientConfig: config}
	t.Cleanup(transport.CloseIdleConnections)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := (&http.Client{Transport: transport}).Do(request)
	if err != nil {
		return err
	}
	return answer.Body.Close()
}
