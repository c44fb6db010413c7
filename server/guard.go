package server

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
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
	// ClientNames are patterns of the names in clients' certificates, one of which must match: DNS, URI and e-mail names, or the
	// common name of a certificate without subject alternative names. nil stands for any.
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
	return status.Error(codes.PermissionDenied, message(security.refusal(shown[0], names)))
}

func (s *Security) refusal(shown *x509.Certificate, names []string) string {
	const list = "tls.clientNames of lagwise's configuration"
	switch {
	case slices.Contains(names, shown.Subject.CommonName):
	case s.welcomes(shown.Subject.CommonName):
		return fmt.Sprintf("the common name %s of the client certificate is among %s, but the certificate has subject alternative names, and only these count: %q",
			shown.Subject.CommonName, list, names)
	case len(names) == 0:
		return "the client certificate has no DNS, URI or e-mail name, one of which must be among " + list
	}
	return fmt.Sprintf("the client certificate of %s is not among %s", strings.Join(names, ", "), list)
}

func (s *Security) welcomes(name string) bool {
	return slices.ContainsFunc(s.ClientNames, func(pattern string) bool {
		matches, err := path.Match(pattern, name)
		return err == nil && matches
	})
}

// namesOf returns the DNS, URI and e-mail names of a certificate. Its common name counts only where it has no subject alternative
// name of any type, as RFC 6125 (section 6.4.4) and Go's own verification of servers have it: authorities that check the alternative
// names may leave the common name to whoever asks for the certificate.
func namesOf(certificate *x509.Certificate) []string {
	if !hasAlternativeNames(certificate) {
		if certificate.Subject.CommonName == "" {
			return nil
		}
		return []string{certificate.Subject.CommonName}
	}
	names := slices.Concat(certificate.DNSNames, certificate.EmailAddresses)
	for _, uri := range certificate.URIs {
		names = append(names, uri.String())
	}
	return names
}

// hasAlternativeNames reports whether the certificate has the extension, which may also hold types that crypto/x509 does not parse.
func hasAlternativeNames(certificate *x509.Certificate) bool {
	subjectAltName := asn1.ObjectIdentifier{2, 5, 29, 17} // RFC 5280, section 4.2.1.6
	return slices.ContainsFunc(certificate.Extensions, func(extension pkix.Extension) bool { return extension.Id.Equal(subjectAltName) })
}
