package e2e_test

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/status"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	pb "github.com/lagwise/lagwise/proto/externalscaler"
	"github.com/lagwise/lagwise/test/certificates"
	"github.com/lagwise/lagwise/test/e2e/lagwise"
	"github.com/lagwise/lagwise/test/e2e/stage"
)

// KEDA and lagwise prove to each other who they are, by one ClusterTriggerAuthentication for all triggers. lagwise's certificate is
// exchanged under open streams, and neither they nor what comes later notice. Anybody else is turned away.
func TestMutualTLS(t *testing.T) {
	t.Parallel()
	s := shared.Scenario(t)
	trust := newTrust(t)
	trust.exchange()
	own := s.OwnLagwise(lagwise.Options{Config: trust.configuration(), TLS: trust.client("keda-operator")})
	trust.introduceKEDA(s)
	proven := stage.Set(map[string]any{"name": s.Namespace, "kind": "ClusterTriggerAuthentication"}, "spec", "triggers", 0, "authenticationRef")

	warm := asleep(s, "warm-up", proven) // the first of all answers waits for a connection, on a busy machine for too long
	warm.knock()
	warm.woke()
	first, second := asleep(s, "first", proven), asleep(s, "second", proven)
	first.knock()
	s.Figure("record -> Deployment at 1, over mutual TLS", first.woke())

	before := trust.shownBy(own.Address())
	trust.exchange()
	s.Eventually(stage.Patience, func() error {
		if slices.Equal(trust.shownBy(own.Address()), before) {
			return fmt.Errorf("lagwise still shows its old certificate")
		}
		return nil
	})
	second.knock()
	second.woke()
	third := asleep(s, "third", proven)
	third.knock()
	third.woke()
	for _, woken := range []*dormant{first, second, third} {
		wantNoNewComplaints(t, s, woken.name, nil)
	}

	if _, err := trust.ask(own.Address(), trust.client("somebody")); status.Code(err) != codes.PermissionDenied {
		t.Errorf("a client by another name got %v, want PermissionDenied", err)
	}
	nobody := trust.client("")
	nobody.Certificates = nil
	if _, err := trust.ask(own.Address(), nobody); status.Code(err) != codes.Unavailable {
		t.Errorf("a client without a certificate got %v, want no connection", err)
	}
}

// trust is an authority, and what it vouches for.
type trust struct {
	t         *testing.T
	authority *certificates.Authority
	folder    string
}

func newTrust(t *testing.T) *trust {
	t.Helper()
	authority, err := certificates.NewAuthority("lagwise-ca")
	if err != nil {
		t.Fatal(err)
	}
	c := &trust{t: t, authority: authority, folder: t.TempDir()}
	c.write("ca.crt", authority.Certificate)
	return c
}

func (c *trust) identify(name string) certificates.Identity {
	c.t.Helper()
	identity, err := c.authority.Identify(certificates.Subject{Name: name, DNSNames: []string{name}, IPs: []net.IP{net.IPv4(127, 0, 0, 1)}})
	if err != nil {
		c.t.Fatal(err)
	}
	return identity
}

func (c *trust) write(name string, content []byte) {
	c.t.Helper()
	if err := os.WriteFile(filepath.Join(c.folder, name), content, 0o600); err != nil {
		c.t.Fatal(err)
	}
}

// exchange gives lagwise a new certificate and key.
func (c *trust) exchange() {
	c.t.Helper()
	identity := c.identify("lagwise")
	// lagwise may look between the two, and must then go on with what it had.
	c.write("tls.crt", identity.Certificate)
	c.write("tls.key", identity.Key)
}

func (c *trust) configuration() string {
	return fmt.Sprintf(`
tls:
  certificateFile: %[1]s/tls.crt
  keyFile: %[1]s/tls.key
  clientCAFile: %[1]s/ca.crt
  clientNames: [keda-operator]
`, c.folder)
}

// client is how somebody of this name connects.
func (c *trust) client(name string) *tls.Config {
	c.t.Helper()
	identity := c.identify(name)
	pair, err := tls.X509KeyPair(identity.Certificate, identity.Key)
	if err != nil {
		c.t.Fatal(err)
	}
	authorities := x509.NewCertPool()
	authorities.AppendCertsFromPEM(c.authority.Certificate)
	return &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: authorities, Certificates: []tls.Certificate{pair}}
}

// introduceKEDA makes the ClusterTriggerAuthentication, named like the scenario's namespace, and its Secret.
func (c *trust) introduceKEDA(s *stage.Scenario) {
	c.t.Helper()
	identity := c.identify("keda-operator")
	s.Put(&corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Name: s.Namespace, Namespace: "keda"},
		Data:       map[string][]byte{"ca.crt": c.authority.Certificate, "tls.crt": identity.Certificate, "tls.key": identity.Key},
	})
	_, err := s.Cluster.Kubectl(s.Context(), fmt.Sprintf(`
apiVersion: keda.sh/v1alpha1
kind: ClusterTriggerAuthentication
metadata: {name: %[1]s}
spec:
  secretTargetRef:
    - {parameter: caCert, name: %[1]s, key: ca.crt}
    - {parameter: tlsClientCert, name: %[1]s, key: tls.crt}
    - {parameter: tlsClientKey, name: %[1]s, key: tls.key}
`, s.Namespace), "apply", "--filename", "-")
	s.Fatal(err)
}

// shownBy is the certificate that a server shows to who connects now.
func (c *trust) shownBy(address string) []byte {
	c.t.Helper()
	dialer := tls.Dialer{Config: c.client("keda-operator")}
	connection, err := dialer.DialContext(c.t.Context(), "tcp", address)
	if err != nil {
		c.t.Fatal(err)
	}
	defer func() { _ = connection.Close() }()
	secured, isTLS := connection.(*tls.Conn)
	if !isTLS {
		c.t.Fatal("no TLS")
	}
	return secured.ConnectionState().PeerCertificates[0].Raw
}

// ask asks as KEDA does, on a connection of its own.
func (c *trust) ask(address string, as *tls.Config) (*pb.GetMetricSpecResponse, error) {
	c.t.Helper()
	connection, err := grpc.NewClient(address, grpc.WithTransportCredentials(credentials.NewTLS(as)))
	if err != nil {
		c.t.Fatal(err)
	}
	defer func() { _ = connection.Close() }()
	return pb.NewExternalScalerClient(connection).GetMetricSpec(c.t.Context(), &pb.ScaledObjectRef{
		Name: "orders", Namespace: "shop", ScalerMetadata: map[string]string{"scaler": "cron"},
	})
}
