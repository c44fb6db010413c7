package server

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"path"
	"slices"
	"strings"
	"sync/atomic"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/status"
)

// Security is how the server proves who it is, and whom it answers.
type Security struct {
	Certificate tls.Certificate
	// ClientAuthorities sign the certificates that clients must show; nil asks for none.
	ClientAuthorities *x509.CertPool
	// ClientNames are patterns of the names in clients' certificates (DNS, URI and e-mail names, and the common name), one of
	// which must match; nil stands for any.
	ClientNames []string
}

// Guard holds the server to its Security, which may be exchanged at any time. Connections that are open stay open and use
// what they began with; their calls are held to the new client names.
type Guard struct{ security atomic.Pointer[Security] }

// NewGuard makes a Guard that begins with the security.
func NewGuard(security Security) *Guard {
	guard := &Guard{}
	guard.Replace(security)
	return guard
}

// Replace exchanges certificate, authorities and names.
func (g *Guard) Replace(security Security) { g.security.Store(&security) }

func (g *Guard) credentials() credentials.TransportCredentials { //nolint:ireturn // as gRPC takes it
	return credentials.NewTLS(&tls.Config{
		MinVersion: tls.VersionTLS12,
		GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
			return g.security.Load().config(), nil
		},
	})
}

func (s *Security) config() *tls.Config {
	config := &tls.Config{
		MinVersion:   tls.VersionTLS12,
		NextProtos:   []string{"h2"},
		Certificates: []tls.Certificate{s.Certificate},
		// Who resumes a session shows no certificate, and so could go on with one that counts no more.
		SessionTicketsDisabled: true,
	}
	if s.ClientAuthorities != nil {
		config.ClientAuth, config.ClientCAs = tls.RequireAndVerifyClientCert, s.ClientAuthorities
	}
	return config
}

// admit says whether the client behind a call may ask. It is asked at each call, because KEDA keeps a connection for ever,
// and because a refused handshake tells the client nothing.
func (g *Guard) admit(ctx context.Context) error {
	security := g.security.Load()
	if security.ClientAuthorities == nil {
		return nil
	}
	client, _ := peer.FromContext(ctx)
	var shown []*x509.Certificate
	if info, isTLS := client.AuthInfo.(credentials.TLSInfo); isTLS {
		shown = info.State.PeerCertificates
	}
	if len(shown) == 0 { // connected before certificates were asked for
		return status.Error(codes.Unauthenticated, "lagwise asks for a client certificate now: connect again with one")
	}
	names := namesOf(shown[0])
	if security.ClientNames == nil || slices.ContainsFunc(names, security.welcomes) {
		return nil
	}
	return status.Error(codes.PermissionDenied, message(fmt.Sprintf(
		"the client certificate of %s is not among tls.clientNames of lagwise's configuration", strings.Join(names, ", "))))
}

func (s *Security) welcomes(name string) bool {
	return slices.ContainsFunc(s.ClientNames, func(pattern string) bool {
		matches, err := path.Match(pattern, name)
		return err == nil && matches
	})
}

// namesOf is everything that the certificate calls its owner.
func namesOf(certificate *x509.Certificate) []string {
	names := slices.Concat(certificate.DNSNames, certificate.EmailAddresses)
	for _, uri := range certificate.URIs {
		names = append(names, uri.String())
	}
	if certificate.Subject.CommonName != "" {
		names = append(names, certificate.Subject.CommonName)
	}
	return names
}
