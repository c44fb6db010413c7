package cluster

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/lagwise/lagwise/test/e2e/loopback"
)

// pki is the folder with every certificate and key, each as NAME.crt and NAME.key.
type pki string

// Names of certificates.
const (
	authority  = "ca"
	apiCert    = "apiserver"
	adminCert  = "admin"
	proxyCert  = "front-proxy"
	kedaCert   = "tls" // the name that KEDA looks for, beside ca.crt
	accountKey = "service-account"
)

func (p pki) crt(name string) string { return filepath.Join(string(p), name+".crt") }
func (p pki) key(name string) string { return filepath.Join(string(p), name+".key") }

// newPKI makes one authority, and everybody's identity from it.
func newPKI(folder string) (pki, error) {
	p := pki(folder)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return "", fmt.Errorf("make the folder of certificates: %w", err)
	}
	ca := certificate("e2e authority")
	ca.IsCA, ca.BasicConstraintsValid, ca.KeyUsage, ca.ExtKeyUsage = true, true, x509.KeyUsageCertSign, nil
	caKey, err := p.sign(authority, ca, ca, nil)
	if err != nil {
		return "", err
	}

	api := certificate("kube-apiserver")
	api.IPAddresses = []net.IP{net.ParseIP(loopback.Host), net.ParseIP(serviceRange.first)}
	// Members of this group may do everything.
	admin := certificate("admin", "system:masters")
	keda := certificate("keda-operator")
	keda.DNSNames = []string{
		"keda-operator", operatorAuthority, "keda-operator.keda.svc.cluster.local",
		"keda-metrics-apiserver.keda.svc", "localhost",
	}
	for name, template := range map[string]*x509.Certificate{
		apiCert: api, adminCert: admin, proxyCert: certificate(proxyCert), kedaCert: keda, accountKey: certificate(accountKey),
	} {
		if _, err := p.sign(name, template, ca, caKey); err != nil {
			return "", err
		}
	}
	return p, nil
}

func certificate(name string, groups ...string) *x509.Certificate {
	return &x509.Certificate{
		Subject:     pkix.Name{CommonName: name, Organization: groups},
		NotBefore:   time.Now().Add(-time.Hour),
		NotAfter:    time.Now().Add(24 * time.Hour),
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
}

// sign makes a key, signs its certificate with the issuer's key or with itself, and writes both.
func (p pki) sign(name string, template, issuer *x509.Certificate, issuerKey *ecdsa.PrivateKey) (*ecdsa.PrivateKey, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make a key for %s: %w", name, err)
	}
	if template.SerialNumber, err = rand.Int(rand.Reader, big.NewInt(1<<62)); err != nil {
		return nil, fmt.Errorf("make a serial number for %s: %w", name, err)
	}
	if issuerKey == nil {
		issuerKey = key
	}
	signed, err := x509.CreateCertificate(rand.Reader, template, issuer, key.Public(), issuerKey)
	if err != nil {
		return nil, fmt.Errorf("sign the certificate of %s: %w", name, err)
	}
	encoded, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return nil, fmt.Errorf("encode the key of %s: %w", name, err)
	}
	if err := write(p.crt(name), "CERTIFICATE", signed); err != nil {
		return nil, err
	}
	return key, write(p.key(name), "EC PRIVATE KEY", encoded)
}

func write(path, kind string, content []byte) error {
	text := pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: content})
	if err := os.WriteFile(path, text, 0o600); err != nil {
		return fmt.Errorf("write a certificate: %w", err)
	}
	return nil
}
