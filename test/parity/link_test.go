package parity_test

import (
	"context"
	"encoding/pem"
	"maps"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/kedacore/keda/v2/pkg/scalers/scalersconfig"

	"github.com/lagwise/lagwise/test/certificates"
)

// link is a lagwise that listens to KEDA's operator alone, and those who try to reach it.
type link struct {
	address, log   string
	authority      []byte
	keda, stranger certificates.Identity
}

// testLink lets KEDA's external scaler reach lagwise by mutual TLS, with the parameters that a TriggerAuthentication gives it:
// caCert, tlsClientCert and tlsClientKey.
func testLink(t *testing.T, s *stage) {
	l := startLinked(t, s)
	withCertificate := func(as certificates.Identity) map[string]string {
		return map[string]string{"caCert": string(l.authority), "tlsClientCert": string(as.Certificate), "tlsClientKey": string(as.Key)}
	}
	// The connection is cut before the first call. What the client sees of that first is a matter of luck: the alert, or that
	// nobody reads what it writes.
	const refused = "code = Unavailable"
	for name, test := range map[string]struct {
		auth    map[string]string
		further map[string]string
		words   string // of the refusal
	}{
		"KEDA":                        {withCertificate(l.keda), nil, ""},
		"somebody else":               {withCertificate(l.stranger), nil, "web-shop is not among tls.clientNames"},
		"no certificate":              {map[string]string{"caCert": string(l.authority)}, nil, refused},
		"unencrypted":                 {nil, nil, refused},
		"secrets in metadata as well": {withCertificate(l.keda), withCertificate(l.keda), ""},
		"credentials":                 {withCertificate(l.keda), map[string]string{"scaler": "kafka", "password": "hunter2"}, "credentials never stand in metadata"},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), caseTimeout)
			defer cancel()
			trigger := trigger{metadata: map[string]string{
				"scaler": "cron", "timezone": "UTC", "start": "0 0 * * *", "end": "59 23 * * *", "desiredReplicas": "3",
			}}
			maps.Copy(trigger.metadata, test.further)
			config := trigger.config()
			config.AuthParams = test.auth
			seen := askLinked(ctx, l.address, config)
			if test.words == "" && seen.err != nil || test.words != "" && (seen.err == nil || !strings.Contains(seen.err.Error(), test.words)) {
				t.Errorf("KEDA gets %v, want the words %q", seen, test.words)
			}
		})
	}
	logged, err := os.ReadFile(l.log)
	if err != nil {
		t.Fatal(err)
	}
	for _, identity := range []certificates.Identity{l.keda, l.stranger} {
		for _, secret := range [][]byte{identity.Key, identity.Certificate} {
			block, _ := pem.Decode(secret)
			line, _, _ := strings.Cut(string(pem.EncodeToMemory(&pem.Block{Type: "X", Bytes: block.Bytes}))[len("-----BEGIN X-----\n"):], "\n")
			if strings.Contains(string(logged), line) {
				t.Errorf("KEDA's own certificate or key was logged:\n%s", logged)
			}
		}
	}
	if strings.Contains(string(logged), "hunter2") || !strings.Contains(string(logged), "turned away") {
		t.Errorf("logged:\n%s", logged)
	}
}

func askLinked(ctx context.Context, address string, config *scalersconfig.ScalerConfig) answer {
	scaler, err := lagwiseAt(address)(ctx, config)
	if err != nil {
		return answer{err: err}
	}
	defer func() { _ = scaler.Close(ctx) }()
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	_, _, err = scaler.GetMetricsAndActivity(ctx, "s0-any")
	return answer{err: err}
}

func startLinked(t *testing.T, s *stage) *link {
	t.Helper()
	authority, err := certificates.NewAuthority("authority")
	if err != nil {
		t.Fatal(err)
	}
	identify := func(name string, hosts ...string) certificates.Identity {
		made, err := authority.Identify(certificates.Subject{Name: name, DNSNames: hosts, IPs: []net.IP{net.IPv4(127, 0, 0, 1)}})
		if err != nil {
			t.Fatal(err)
		}
		return made
	}
	l := &link{authority: authority.Certificate, keda: identify("keda-operator", "keda-operator"), stranger: identify("web-shop", "web-shop")}
	lagwise := identify("lagwise", "localhost")
	folder := t.TempDir()
	var flags []string
	for flag, content := range map[string][]byte{
		"tls.certificateFile": lagwise.Certificate, "tls.keyFile": lagwise.Key, "tls.clientCAFile": authority.Certificate,
	} {
		path := filepath.Join(folder, flag)
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		flags = append(flags, "--"+flag+"="+path)
	}
	l.address, l.log = startLogged(t, s.binary, append(flags, "--tls.clientNames=keda-*", "--logLevel=debug")...)
	return l
}
