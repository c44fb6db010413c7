package cluster

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"

	"github.com/lagwise/lagwise/test/certificates"
	"github.com/lagwise/lagwise/test/loopback"
)

// pki is the folder with every certificate and key, each as NAME.crt and NAME.key.
type pki string

// Names of certificates.
const (
	authority   = "ca" // without its key
	apiCert     = "apiserver"
	adminCert   = "admin"
	proxyCert   = "front-proxy"
	kedaCert    = "tls" // the name that KEDA looks for, beside ca.crt
	accountCert = "service-account"
)

func (p pki) crt(name string) string { return filepath.Join(string(p), name+".crt") }
func (p pki) key(name string) string { return filepath.Join(string(p), name+".key") }

// newPKI makes one authority, and everybody's identity from it.
func newPKI(folder string) (pki, error) {
	p := pki(folder)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return "", fmt.Errorf("make the folder of certificates: %w", err)
	}
	ca, err := certificates.NewAuthority("e2e authority")
	if err != nil {
		return "", err
	}
	if err := write(p.crt(authority), ca.Certificate); err != nil {
		return "", err
	}
	for name, subject := range map[string]certificates.Subject{
		apiCert: {Name: "kube-apiserver", IPs: []net.IP{net.ParseIP(loopback.Host), net.ParseIP(serviceRange.first)}},
		// Members of this group may do everything.
		adminCert: {Name: "admin", Groups: []string{"system:masters"}},
		proxyCert: {Name: proxyCert},
		kedaCert: {Name: "keda-operator", DNSNames: []string{
			"keda-operator", operatorAuthority, "keda-operator.keda.svc.cluster.local",
			"keda-metrics-apiserver.keda.svc", "localhost",
		}},
		accountCert: {Name: accountCert},
	} {
		identity, err := ca.Identify(subject)
		if err != nil {
			return "", err
		}
		if err := errors.Join(write(p.crt(name), identity.Certificate), write(p.key(name), identity.Key)); err != nil {
			return "", err
		}
	}
	return p, nil
}

func write(path string, content []byte) error {
	if err := os.WriteFile(path, content, 0o600); err != nil {
		return fmt.Errorf("write a certificate: %w", err)
	}
	return nil
}
