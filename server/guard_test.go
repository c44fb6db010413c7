package server_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"

	pb "github.com/lagwise/lagwise/proto/externalscaler"
	"github.com/lagwise/lagwise/server"
	"github.com/lagwise/lagwise/test/certificates"
)

const serverName = "lagwise.keda.svc"

func authority(t *testing.T, name string) *certificates.Authority {
	t.Helper()
	made, err := certificates.NewAuthority(name)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func identity(t *testing.T, by *certificates.Authority, subject certificates.Subject) tls.Certificate {
	t.Helper()
	made, err := by.Identify(subject)
	if err != nil {
		t.Fatal(err)
	}
	pair, err := tls.X509KeyPair(made.Certificate, made.Key)
	if err != nil {
		t.Fatal(err)
	}
	return pair
}

func pool(authorities ...*certificates.Authority) *x509.CertPool {
	trusted := x509.NewCertPool()
	for _, authority := range authorities {
		trusted.AppendCertsFromPEM(authority.Certificate)
	}
	return trusted
}

// dialAs connects as somebody, or as nobody, and trusts the authorities.
func (r *running) dialAs(t *testing.T, trusted *x509.CertPool, as ...tls.Certificate) *grpc.ClientConn {
	t.Helper()
	connection, err := grpc.NewClient("passthrough:///server",
		grpc.WithTransportCredentials(credentials.NewTLS(&tls.Config{RootCAs: trusted, Certificates: as, ServerName: serverName})),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return r.listener.DialContext(ctx) }))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = connection.Close() })
	return connection
}

func TestWhoMayAsk(t *testing.T) {
	ours, theirs := authority(t, "ours"), authority(t, "theirs")
	lagwise := identity(t, ours, certificates.Subject{Name: "lagwise", DNSNames: []string{serverName}})
	keda := identity(t, ours, certificates.Subject{Name: "keda-operator"})
	byDNS := identity(t, ours, certificates.Subject{DNSNames: []string{"keda-operator.keda.svc"}})
	renamed := identity(t, ours, certificates.Subject{Name: "keda-operator", DNSNames: []string{"shop.svc"}})
	addressed := identity(t, ours, certificates.Subject{Name: "web-shop", IPs: []net.IP{net.IPv4(10, 0, 0, 1)}})
	stranger := identity(t, ours, certificates.Subject{Name: "web-shop", DNSNames: []string{"shop.svc"}})
	forged := identity(t, theirs, certificates.Subject{Name: "keda-operator"})
	for name, test := range map[string]struct {
		clients *x509.CertPool
		names   []string
		as      []tls.Certificate
		want    codes.Code
		words   string
	}{
		"anybody, encrypted":            {nil, nil, nil, codes.OK, ""},
		"somebody of ours":              {pool(ours), nil, []tls.Certificate{stranger}, codes.OK, ""},
		"nobody":                        {pool(ours), nil, nil, codes.Unavailable, ""},
		"somebody of others":            {pool(ours), nil, []tls.Certificate{forged}, codes.Unavailable, ""},
		"by common name":                {pool(ours), []string{"keda-*"}, []tls.Certificate{keda}, codes.OK, ""},
		"by DNS name":                   {pool(ours), []string{"keda-operator.keda.svc"}, []tls.Certificate{byDNS}, codes.OK, ""},
		"one of ours that is not meant": {pool(ours), []string{"keda-*"}, []tls.Certificate{stranger}, codes.PermissionDenied, "shop.svc is not among tls.clientNames"},
		"by the common name of a certificate with a DNS name": {
			pool(ours), []string{"keda-*"}, []tls.Certificate{renamed}, codes.PermissionDenied, "common name keda-operator of the client certificate",
		},
		"by the common name of a certificate with an address": {
			pool(ours), []string{"web-*"}, []tls.Certificate{addressed}, codes.PermissionDenied, "common name web-shop of the client certificate",
		},
		"no name that counts":            {pool(ours), []string{"keda-*"}, []tls.Certificate{addressed}, codes.PermissionDenied, "no DNS, URI or e-mail name"},
		"the right name by someone else": {pool(ours), []string{"keda-*"}, []tls.Certificate{forged}, codes.Unavailable, ""},
		"nobody at all is meant":         {pool(ours), []string{}, []tls.Certificate{keda}, codes.PermissionDenied, "keda-operator"},
	} {
		t.Run(name, func(t *testing.T) {
			var log bytes.Buffer
			guard := server.NewGuard(server.Security{Certificate: lagwise, ClientAuthorities: test.clients, ClientNames: test.names})
			r := serve(t, lend(&fakeScaler{}), server.Options{Guard: guard, Log: slog.New(slog.NewTextHandler(&log, nil))})
			client := pb.NewExternalScalerClient(r.dialAs(t, pool(ours), test.as...))
			for range 2 {
				_, err := client.IsActive(t.Context(), ref())
				wantCode(t, err, test.want)
				if err != nil && !strings.Contains(err.Error(), test.words) {
					t.Errorf("%q is not in: %v", test.words, err)
				}
			}
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute) // a stream that is let in says nothing for ever
			defer cancel()
			stream, err := client.StreamIsActive(ctx, ref())
			if err == nil && test.want != codes.OK {
				_, err = stream.Recv()
				wantCode(t, err, test.want)
			}
			r.stop()
			<-r.ended
			turnedAway := 0
			if test.want == codes.PermissionDenied {
				turnedAway = 1 // however often it comes
			}
			if n := strings.Count(log.String(), "turned away"); n != turnedAway {
				t.Errorf("%d lines tell of it, want %d:\n%s", n, turnedAway, log.String())
			}
		})
	}
	plain := serve(t, lend(&fakeScaler{}), server.Options{Guard: server.NewGuard(server.Security{Certificate: lagwise})})
	_, err := plain.IsActive(t.Context(), ref())
	wantCode(t, err, codes.Unavailable)
}

// Certificates rotate while calls and streams are under way on connections that stay, and on new ones. Not one call fails:
// not with a new certificate of the same authority, and not with a new authority that clients were told of before.
func TestCertificatesRotateUnderOpenStreams(t *testing.T) {
	old, next := authority(t, "old"), authority(t, "next")
	names := certificates.Subject{Name: "lagwise", DNSNames: []string{serverName}}
	guard := server.NewGuard(server.Security{
		Certificate: identity(t, old, names), ClientAuthorities: pool(old, next), ClientNames: []string{"keda"},
	})
	watcher := newWatcher()
	r := serve(t, lend(watcher), server.Options{Guard: guard})
	keda := identity(t, old, certificates.Subject{Name: "keda"})
	connection := r.dialAs(t, pool(old, next), keda)
	stream, err := pb.NewExternalScalerClient(connection).StreamIsActive(t.Context(), ref())
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	var asking sync.WaitGroup
	ask := func(dial func() *grpc.ClientConn) {
		asking.Go(func() {
			for ctx.Err() == nil {
				if _, err := pb.NewExternalScalerClient(dial()).IsActive(ctx, ref()); err != nil && ctx.Err() == nil {
					t.Errorf("a call failed: %v", err)
				}
			}
		})
	}
	ask(func() *grpc.ClientConn { return connection })
	ask(func() *grpc.ClientConn { return r.dialAs(t, pool(old, next), keda) })

	for i, by := range []*certificates.Authority{old, next, old, next} {
		shown := identity(t, by, names)
		guard.Replace(server.Security{Certificate: shown, ClientAuthorities: pool(old, next), ClientNames: []string{"keda"}})
		for range 20 { // new connections are shown the new certificate at once
			seen := handshake(t, r, pool(by), identity(t, by, certificates.Subject{Name: "keda"}))
			if !bytes.Equal(seen.Raw, shown.Certificate[0]) {
				t.Fatalf("rotation %d: another certificate is shown", i)
			}
		}
	}
	stop()
	asking.Wait()
	watcher.next <- true
	if answer, err := stream.Recv(); err != nil || !answer.GetResult() {
		t.Errorf("the stream says %v, %v", answer, err)
	}

	// A name that is taken off the list counts no more, on a connection that is open as well.
	guard.Replace(server.Security{Certificate: identity(t, old, names), ClientAuthorities: pool(old), ClientNames: []string{"other"}})
	_, err = pb.NewExternalScalerClient(connection).IsActive(t.Context(), ref())
	wantCode(t, err, codes.PermissionDenied)
}

// handshake connects once and gives the certificate that the server shows.
func handshake(t *testing.T, r *running, trusted *x509.CertPool, as tls.Certificate) *x509.Certificate {
	t.Helper()
	raw, err := r.listener.DialContext(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = raw.Close() }()
	client := tls.Client(raw, &tls.Config{
		RootCAs: trusted, Certificates: []tls.Certificate{as}, ServerName: serverName, NextProtos: []string{"h2"},
	})
	if err := client.HandshakeContext(t.Context()); err != nil {
		t.Fatal(err)
	}
	return client.ConnectionState().PeerCertificates[0]
}

// Certificates that are asked for while a client without one is connected count for its next call.
func TestAClientFromBeforeIsAskedForItsCertificate(t *testing.T) {
	ours := authority(t, "ours")
	security := server.Security{Certificate: identity(t, ours, certificates.Subject{Name: "lagwise", DNSNames: []string{serverName}})}
	guard := server.NewGuard(security)
	r := serve(t, lend(&fakeScaler{}), server.Options{Guard: guard})
	client := pb.NewExternalScalerClient(r.dialAs(t, pool(ours)))
	if _, err := client.IsActive(t.Context(), ref()); err != nil {
		t.Fatal(err)
	}
	security.ClientAuthorities = pool(ours)
	guard.Replace(security)
	_, err := client.IsActive(t.Context(), ref())
	wantCode(t, err, codes.Unauthenticated)
}

// Whoever connects and says nothing is not waited for.
func TestAConnectionThatSaysNothingIsClosed(t *testing.T) {
	ours := authority(t, "ours")
	lagwise := identity(t, ours, certificates.Subject{Name: "lagwise", DNSNames: []string{serverName}})
	for name, guard := range map[string]*server.Guard{"plain": nil, "encrypted": server.NewGuard(server.Security{Certificate: lagwise})} {
		synctest.Test(t, func(t *testing.T) {
			const limit = 10 * time.Second
			r := serve(t, lend(&fakeScaler{}), server.Options{ConnectTimeout: limit, Guard: guard})
			silent, err := r.listener.DialContext(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			began := time.Now()
			for buffer := make([]byte, 1024); err == nil; {
				_, err = silent.Read(buffer)
			}
			if lasted := time.Since(began); lasted != limit {
				t.Errorf("%s: open for %v, want %v", name, lasted, limit)
			}
		})
	}
}

func TestStreamsOfOneConnectionAreBounded(t *testing.T) {
	r := serve(t, lend(newWatcher()), server.Options{MaxStreams: 2})
	for range 2 {
		stream, err := r.StreamMetricSpec(t.Context(), ref())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := stream.Recv(); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	_, err := r.IsActive(ctx, ref())
	wantCode(t, err, codes.DeadlineExceeded)
}
