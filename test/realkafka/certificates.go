package realkafka

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"path/filepath"

	"github.com/lagwise/lagwise/test/certificates"
	"github.com/lagwise/lagwise/test/loopback"
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
// identity from it.
func writeCertificates(dir string) error {
	authority, err := certificates.NewAuthority("lagwise test authority")
	if err != nil {
		return err
	}

	server, err := authority.Identify(certificates.Subject{
		Name: "localhost", DNSNames: []string{"localhost"}, IPs: []net.IP{net.ParseIP(loopback.Host)},
	})
	if err != nil {
		return err
	}

	client, err := authority.Identify(certificates.Subject{Name: clientName})
	if err != nil {
		return err
	}

	for name, content := range map[string][]byte{
		caFile:             authority.Certificate,
		serverKeystoreFile: bytes.Join([][]byte{server.Key, server.Certificate}, nil),
		clientCertFile:     client.Certificate,
		clientKeyFile:      client.Key,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			return fmt.Errorf("write %s: %w", name, err)
		}
	}

	return nil
}
