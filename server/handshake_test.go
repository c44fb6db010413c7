package server_test

import (
	"crypto/tls"
	"errors"
	"io"
	"maps"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lagwise/lagwise/server"
	"github.com/lagwise/lagwise/test/certificates"
)

// refusedClients are clients with which no TLS connection comes about, each with what it does on a new connection.
func refusedClients(t *testing.T, ours *certificates.Authority) map[string]map[string]func(net.Conn) {
	t.Helper()
	keda := identity(t, ours, certificates.Subject{Name: "keda-operator"})
	expired := identity(t, ours, certificates.Subject{Name: "keda-operator", Begins: time.Now().Add(-time.Hour), Expires: time.Now().Add(-time.Minute)})
	forged := identity(t, authority(t, "theirs"), certificates.Subject{Name: "keda-operator"})
	shakes := func(config *tls.Config) func(net.Conn) {
		return func(raw net.Conn) {
			client := tls.Client(raw, config)
			if client.HandshakeContext(t.Context()) == nil { // TLS 1.3 ends it before the server has seen the certificate
				_, _ = io.Copy(io.Discard, client)
			}
		}
	}
	trusts := func(change func(*tls.Config), as ...tls.Certificate) func(net.Conn) {
		config := &tls.Config{RootCAs: pool(ours), ServerName: serverName, NextProtos: []string{"h2"}}
		if len(as) > 0 { // sent also where the server asks for another authority's
			config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &as[0], nil }
		}
		change(config)
		return shakes(config)
	}
	writes := func(text string) func(net.Conn) {
		return func(raw net.Conn) {
			_, _ = io.WriteString(raw, text)
			_, _ = io.Copy(io.Discard, raw)
		}
	}
	asIs, old := func(*tls.Config) {}, func(config *tls.Config) { config.MaxVersion = tls.VersionTLS12 }
	return map[string]map[string]func(net.Conn){
		server.NoCertificate:      {"TLS 1.3": trusts(asIs), "TLS 1.2": trusts(old)},
		server.UnknownAuthority:   {"TLS 1.3": trusts(asIs, forged), "TLS 1.2": trusts(old, forged)},
		server.ExpiredCertificate: {"": trusts(asIs, expired)},
		server.InvalidCertificate: {"a server's": trusts(asIs, identity(t, ours, certificates.Subject{Name: "keda-operator", ServerOnly: true}))},
		server.WrongProtocol: {
			"HTTP/2 in clear text": writes("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
			"TLS 1.1": trusts(func(config *tls.Config) {
				config.MinVersion, config.MaxVersion = tls.VersionTLS11, tls.VersionTLS11
			}, keda),
			"HTTP/1.1": trusts(func(config *tls.Config) { config.NextProtos = []string{"http/1.1"} }, keda),
			"no ALPN":  trusts(func(config *tls.Config) { config.NextProtos = nil }, keda),
		},
		server.RejectedByClient: {
			"another name":        trusts(func(config *tls.Config) { config.ServerName = "other.svc" }, keda),
			"no common authority": trusts(func(config *tls.Config) { config.RootCAs = pool() }, keda),
		},
		server.ClosedByClient: {
			"at once": func(net.Conn) {}, "within a record": func(raw net.Conn) { _, _ = raw.Write([]byte{22, 3, 1, 0, 9, 1}) },
		},
		server.HandshakeTimeout: {"silent": func(raw net.Conn) { _, _ = io.Copy(io.Discard, raw) }},
	}
}

func TestHandshakesThatFailAreCountedByCause(t *testing.T) {
	for cause, clients := range refusedClients(t, authority(t, "ours")) {
		for name := range clients {
			t.Run(cause+" "+name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					ours := authority(t, "ours") // certificates are of the bubble's time
					act := refusedClients(t, ours)[cause][name]
					lagwise := identity(t, ours, certificates.Subject{Name: "lagwise", DNSNames: []string{serverName}})
					log, written := newLog()
					meter := newTally()
					guard := server.NewGuard(server.Security{Certificate: lagwise, ClientAuthorities: pool(ours)})
					r := serve(t, lend(&fakeScaler{}), server.Options{Guard: guard, Log: log, Meter: meter})
					for range 3 {
						raw, err := r.listener.DialContext(t.Context())
						if err != nil {
							t.Fatal(err)
						}
						act(raw)
						if err := raw.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
							t.Fatal(err)
						}
					}
					synctest.Wait()
					if got, want := meter.handshakes(), map[string]int{cause: 3}; !maps.Equal(got, want) {
						t.Errorf("counted %v, want %v: %s", got, want, written)
					}
					lines := 1
					if cause == server.ClosedByClient { // which is nothing to worry about
						lines = 0
					}
					wantLines(t, written, lines, "TLS handshake failed\" client=bufconn cause="+cause)
				})
			})
		}
	}
}

func TestHandshakesThatSucceedAreNotCounted(t *testing.T) {
	ours := authority(t, "ours")
	meter := newTally()
	guard := server.NewGuard(server.Security{
		Certificate: identity(t, ours, certificates.Subject{DNSNames: []string{serverName}}), ClientAuthorities: pool(ours), ClientNames: []string{"keda"},
	})
	r := serve(t, lend(&fakeScaler{}), server.Options{Guard: guard, Meter: meter})
	handshake(t, r, pool(ours), identity(t, ours, certificates.Subject{Name: "shop"}))
	r.stop()
	<-r.ended
	if got := meter.handshakes(); len(got) > 0 {
		t.Errorf("counted %v", got)
	}
}

// A client that cannot log in keeps no line about triggers back, and is named again after a while.
func TestHandshakesThatFailAreLoggedOnceInAWhile(t *testing.T) {
	ours := authority(t, "ours")
	lagwise := identity(t, ours, certificates.Subject{Name: "lagwise", DNSNames: []string{serverName}})
	synctest.Test(t, func(t *testing.T) {
		log, written := newLog()
		r := serve(t, lend(&fakeScaler{}), server.Options{Guard: server.NewGuard(server.Security{Certificate: lagwise}), Log: log})
		for range 301 {
			raw, err := r.listener.DialContext(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			_, _ = io.WriteString(raw, strings.Repeat("GET / HTTP/1.1\r\n", 2))
			_, _ = io.Copy(io.Discard, raw)
			_ = raw.Close()
			time.Sleep(time.Second)
		}
		wantLines(t, written, 2, "TLS handshake failed")
	})
}
