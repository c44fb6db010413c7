//go:build kafka

package kafka_test

import (
	"os"
	"testing"

	"github.com/lagwise/lagwise/scalers/kafka/cluster"
	"github.com/lagwise/lagwise/test/realkafka"
)

// Connections as a configuration would name them. Each is made for one test: equal connections share a session.

// saslOver logs a user in on the listener without encryption.
func saslOver(name string, mechanism cluster.Mechanism, user string) cluster.Connection {
	return cluster.Connection{
		Name: name, BootstrapServers: []string{shared.SASLPlaintextAddress()},
		SASL: &cluster.SASL{Mechanism: mechanism, Username: user, Password: cluster.Secret(realkafka.Password(user))},
	}
}

// saslOverTLS logs a user in on the encrypted listener.
func saslOverTLS(t *testing.T, name string, mechanism cluster.Mechanism, user string) cluster.Connection {
	t.Helper()
	connection := saslOver(name, mechanism, user)
	connection.BootstrapServers = []string{shared.SASLSSLAddress()}
	connection.TLS = &cluster.TLS{CA: text(t, shared.CAFile())}
	return connection
}

// encrypted shows no certificate of its own unless tls has one.
func encrypted(name string, tls cluster.TLS) cluster.Connection {
	return cluster.Connection{Name: name, BootstrapServers: []string{shared.SSLAddress()}, TLS: &tls}
}

// certified shows the client certificate of realkafka.CertificatePrincipal.
func certified(t *testing.T, name string) cluster.Connection {
	t.Helper()
	return encrypted(name, cluster.TLS{
		CA:          text(t, shared.CAFile()),
		Certificate: text(t, shared.ClientCertFile()),
		Key:         cluster.Secret(text(t, shared.ClientKeyFile())),
	})
}

func text(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}
