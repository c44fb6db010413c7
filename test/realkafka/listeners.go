package realkafka

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
)

// Address is the bootstrap address of the PLAINTEXT listener. Its clients are
// the principal User:ANONYMOUS, which is a super user: tests administer the
// broker through it.
func (b *Broker) Address() string { return address(b.ports.plaintext) }

// SASLPlaintextAddress is the bootstrap address of the SASL_PLAINTEXT listener
// (PLAIN, SCRAM-SHA-256, SCRAM-SHA-512, and OAUTHBEARER with unsecured tokens).
func (b *Broker) SASLPlaintextAddress() string { return address(b.ports.saslPlaintext) }

// SSLAddress is the bootstrap address of the SSL listener. A client without a
// certificate is User:ANONYMOUS, a super user; the client of ClientCertFile is
// CertificatePrincipal, which has no rights of its own.
func (b *Broker) SSLAddress() string { return address(b.ports.ssl) }

// SASLSSLAddress is the bootstrap address of the SASL_SSL listener, with the
// mechanisms of SASLPlaintextAddress.
func (b *Broker) SASLSSLAddress() string { return address(b.ports.saslSSL) }

// Addresses returns the bootstrap addresses that this broker serves.
func (b *Broker) Addresses() []string {
	if !b.secure {
		return []string{b.Address()}
	}

	return []string{b.Address(), b.SASLPlaintextAddress(), b.SSLAddress(), b.SASLSSLAddress()}
}

const host = "127.0.0.1"

func address(port int) string { return net.JoinHostPort(host, strconv.Itoa(port)) }

// ports are the broker's ports for all its lives.
type ports struct {
	controller, plaintext, saslPlaintext, ssl, saslSSL int
}

// choosePorts finds five free ports below the range that Linux hands to outgoing
// connections (from 32768). Inside that range a client that tries to reach a
// killed broker may be given the very port it dials, connect to itself, and so
// keep the broker from coming back.
func choosePorts() (ports, error) {
	const lowest, count, attempts = 20_000, 12_000, 200

	var free []int

	for range attempts {
		candidate := lowest + rand.IntN(count) //nolint:gosec // A port is no secret.
		if !isFree(candidate) {
			continue
		}

		free = append(free, candidate)
		if len(free) == 5 {
			return ports{free[0], free[1], free[2], free[3], free[4]}, nil
		}
	}

	return ports{}, errors.New("realkafka: found no five free ports between 20000 and 32000")
}

func isFree(port int) bool {
	listener, err := net.Listen("tcp", address(port)) //nolint:noctx // Listening on loopback never blocks.
	if err != nil {
		return false
	}

	return listener.Close() == nil
}

// reach connects to every listener once.
func (b *Broker) reach(ctx context.Context) error {
	for _, listener := range b.Addresses() {
		connection, err := (&net.Dialer{}).DialContext(ctx, "tcp", listener)
		if err != nil {
			return fmt.Errorf("reach listener: %w", err)
		}

		if err := connection.Close(); err != nil {
			return fmt.Errorf("close connection to listener: %w", err)
		}
	}

	return nil
}
