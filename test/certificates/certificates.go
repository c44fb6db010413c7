// Package certificates makes the identities that servers and clients of tests prove themselves with. They are new for each
// run and valid for a day, so that none can expire in the repository.
package certificates

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
	"time"
)

// Subject is whom a certificate is about.
type Subject struct {
	// Name is the common name, Groups are the organisations, where Kubernetes looks for a user and its groups.
	Name   string
	Groups []string
	// DNSNames and IPs are those by which a server is reached.
	DNSNames []string
	IPs      []net.IP
	// Begins and Expires are when the certificate is valid; from an hour before now to a day after it unless given.
	Begins, Expires time.Time
	// ServerOnly keeps the certificate from serving as a client's.
	ServerOnly bool
}

// Identity is a certificate and its key, both in PEM.
type Identity struct {
	// Certificate serves as a server's, and as a client's unless its subject says otherwise.
	Certificate []byte
	// Key is in PKCS #8, the only form that Kafka reads.
	Key []byte
}

// Authority signs identities.
type Authority struct {
	// Certificate is what those trust who trust the authority, in PEM.
	Certificate []byte

	parsed *x509.Certificate
	key    *ecdsa.PrivateKey
}

// NewAuthority makes an authority that nobody but its own certificate vouches for.
func NewAuthority(name string) (*Authority, error) {
	template, key, err := prepare(Subject{Name: name})
	if err != nil {
		return nil, err
	}
	template.IsCA, template.BasicConstraintsValid = true, true
	template.KeyUsage, template.ExtKeyUsage = x509.KeyUsageCertSign, nil
	authority := &Authority{parsed: template, key: key}
	authority.Certificate, err = authority.sign(template, key)
	return authority, err
}

// Identify makes an identity for a subject.
func (a *Authority) Identify(subject Subject) (Identity, error) {
	template, key, err := prepare(subject)
	if err != nil {
		return Identity{}, err
	}
	certificate, err := a.sign(template, key)
	if err != nil {
		return Identity{}, err
	}
	encoded, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return Identity{}, fmt.Errorf("encode the key of %s: %w", subject.Name, err)
	}
	return Identity{Certificate: certificate, Key: pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: encoded})}, nil
}

func prepare(subject Subject) (*x509.Certificate, *ecdsa.PrivateKey, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, fmt.Errorf("make a key for %s: %w", subject.Name, err)
	}
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		return nil, nil, fmt.Errorf("make a serial number for %s: %w", subject.Name, err)
	}
	expires := subject.Expires
	if expires.IsZero() {
		expires = time.Now().Add(24 * time.Hour)
	}
	begins := subject.Begins
	if begins.IsZero() {
		begins = time.Now().Add(-time.Hour)
	}
	usages := []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	if !subject.ServerOnly {
		usages = append(usages, x509.ExtKeyUsageClientAuth)
	}
	return &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: subject.Name, Organization: subject.Groups},
		DNSNames:     subject.DNSNames, IPAddresses: subject.IPs,
		NotBefore:   begins,
		NotAfter:    expires,
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: usages,
	}, key, nil
}

func (a *Authority) sign(template *x509.Certificate, key *ecdsa.PrivateKey) ([]byte, error) {
	signed, err := x509.CreateCertificate(rand.Reader, template, a.parsed, key.Public(), a.key)
	if err != nil {
		return nil, fmt.Errorf("sign the certificate of %s: %w", template.Subject.CommonName, err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: signed}), nil
}
