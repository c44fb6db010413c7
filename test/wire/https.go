package wire

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"testing"

	"github.com/lagwise/lagwise/test/certificates"
	"github.com/lagwise/lagwise/test/loopback"
)

// URL is where Serve's server believes to be.
const URL = "https://" + loopback.Host

// Serve answers HTTPS on a new wire until the test ends, and gives a transport its way there. In a bubble of testing/synctest it
// has to be called inside.
func Serve(t *testing.T, handler http.Handler, transport *http.Transport) *Wire {
	t.Helper()
	authority, err := certificates.NewAuthority("wire")
	if err != nil {
		t.Fatal(err)
	}
	identity, err := authority.Identify(certificates.Subject{Name: "server", IPs: []net.IP{net.ParseIP(loopback.Host)}})
	if err != nil {
		t.Fatal(err)
	}
	pair, err := tls.X509KeyPair(identity.Certificate, identity.Key)
	if err != nil {
		t.Fatal(err)
	}
	trusted := x509.NewCertPool()
	trusted.AppendCertsFromPEM(authority.Certificate)
	wire := &Wire{dialled: make(chan net.Conn), closed: make(chan struct{})}
	transport.DialContext = wire.Dial
	transport.TLSClientConfig = &tls.Config{RootCAs: trusted, MinVersion: tls.VersionTLS12}
	server := &http.Server{Handler: handler, TLSConfig: &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}} //nolint:gosec // nobody slow is there
	ended := make(chan error, 1)
	go func() { ended <- server.ServeTLS(wire, "", "") }()
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		_ = server.Close()
		if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
	})
	return wire
}

// MustBeGivenUp asks over a connection, loses it, and holds who asks to ask over another one the time after that.
func (w *Wire) MustBeGivenUp(t *testing.T, ask func() error) {
	t.Helper()
	if err := ask(); err != nil {
		t.Fatal(err)
	}
	w.Lose()
	if ask() == nil {
		t.Fatal("answered by a lost connection")
	}
	if err := ask(); err != nil {
		t.Error(err)
	}
}
