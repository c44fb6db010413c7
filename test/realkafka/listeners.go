package realkafka

import (
	"fmt"

	"github.com/lagwise/lagwise/test/loopback"
)

// Address is the bootstrap address of the PLAINTEXT listener. Its clients are
// the principal User:ANONYMOUS, which is a super user: tests administer the
// broker through it.
func (b *Broker) Address() string { return loopback.Address(b.ports.plaintext) }

// SASLPlaintextAddress is the bootstrap address of the SASL_PLAINTEXT listener
// (PLAIN, SCRAM-SHA-256, SCRAM-SHA-512, and OAUTHBEARER with unsecured tokens).
func (b *Broker) SASLPlaintextAddress() string { return loopback.Address(b.ports.saslPlaintext) }

// SSLAddress is the bootstrap address of the SSL listener. A client without a
// certificate is User:ANONYMOUS, a super user; the client of ClientCertFile is
// CertificatePrincipal, which has no rights of its own.
func (b *Broker) SSLAddress() string { return loopback.Address(b.ports.ssl) }

// SASLSSLAddress is the bootstrap address of the SASL_SSL listener, with the
// mechanisms of SASLPlaintextAddress.
func (b *Broker) SASLSSLAddress() string { return loopback.Address(b.ports.saslSSL) }

// Addresses returns the bootstrap addresses that this broker serves.
func (b *Broker) Addresses() []string {
	if !b.secure {
		return []string{b.Address()}
	}

	return []string{b.Address(), b.SASLPlaintextAddress(), b.SSLAddress(), b.SASLSSLAddress()}
}

// ports are the broker's ports for all its lives.
type ports struct {
	controller, plaintext, saslPlaintext, ssl, saslSSL int
}

func choosePorts() (ports, error) {
	free, err := loopback.Ports(5)
	if err != nil {
		return ports{}, fmt.Errorf("realkafka: %w", err)
	}

	return ports{free[0], free[1], free[2], free[3], free[4]}, nil
}
