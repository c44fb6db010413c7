package realkafka

import (
	"bytes"
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
)

const clientName = "lagwise-client"

// Files of the broker's folder.
const (
	caFile             = "ca.pem"
	serverKeystoreFile = "server.pem"
	clientCertFile     = "client-cert.pem"
	clientKeyFile      = "client-key.pem"
)

// CAFile is the PEM file with the authority that signed the certificates of the
// SSL and SASL_SSL listeners, and the client's.
func (b *Broker) CAFile() string { return b.file(caFile) }

// ClientCertFile is the PEM file with the certificate of CertificatePrincipal.
func (b *Broker) ClientCertFile() string { return b.file(clientCertFile) }

// ClientKeyFile is the PEM file with the key that belongs to ClientCertFile.
func (b *Broker) ClientKeyFile() string { return b.file(clientKeyFile) }

// writeCertificates makes one authority, and the broker's and the client's
// identity from it. They are new for each broker, so that none can expire in
// the repository.
func writeCertificates(dir string) error {
	authority, err := newIdentity(certificate("lagwise test authority"), nil)
	if err != nil {
		return err
	}

	serverTemplate := certificate("localhost")
	serverTemplate.DNSNames = []string{"localhost"}
	serverTemplate.IPAddresses = []net.IP{net.ParseIP(host)}

	server, err := newIdentity(serverTemplate, authority)
	if err != nil {
		return err
	}

	client, err := newIdentity(certificate(clientName), authority)
	if err != nil {
		return err
	}

	for name, content := range map[string][]byte{
		caFile:             authority.certificatePEM,
		serverKeystoreFile: bytes.Join([][]byte{server.keyPEM, server.certificatePEM}, nil),
		clientCertFile:     client.certificatePEM,
		clientKeyFile:      client.keyPEM,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			return fmt.Errorf("write %s: %w", name, err)
		}
	}

	return nil
}

// identity is a certificate with its key.
type identity struct {
	certificate            *x509.Certificate
	key                    *ecdsa.PrivateKey
	certificatePEM, keyPEM []byte
}

func certificate(name string) *x509.Certificate {
	return &x509.Certificate{
		Subject:     pkix.Name{CommonName: name},
		NotBefore:   time.Now().Add(-time.Hour),
		NotAfter:    time.Now().Add(24 * time.Hour),
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
}

// newIdentity signs the template with the issuer, or with itself as an authority
// when there is no issuer.
func newIdentity(template *x509.Certificate, issuer *identity) (*identity, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("generate key: %w", err)
	}

	if template.SerialNumber, err = rand.Int(rand.Reader, big.NewInt(1<<62)); err != nil {
		return nil, fmt.Errorf("generate serial number: %w", err)
	}

	parent, parentKey := template, key
	if issuer != nil {
		parent, parentKey = issuer.certificate, issuer.key
	} else {
		template.IsCA, template.BasicConstraintsValid = true, true
		template.KeyUsage, template.ExtKeyUsage = x509.KeyUsageCertSign, nil
	}

	signed, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), parentKey)
	if err != nil {
		return nil, fmt.Errorf("sign certificate: %w", err)
	}

	encodedKey, err := x509.MarshalPKCS8PrivateKey(key) // Kafka reads no other form.
	if err != nil {
		return nil, fmt.Errorf("encode key: %w", err)
	}

	return &identity{
		certificate:    template,
		key:            key,
		certificatePEM: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: signed}),
		keyPEM:         pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: encodedKey}),
	}, nil
}
