//go:build kafka

package kafka_test

import (
	"testing"

	"github.com/lagwise/lagwise/scalers"
	"github.com/lagwise/lagwise/scalers/kafka/cluster"
	"github.com/lagwise/lagwise/test/realkafka"
)

// A broker hangs up on a client that does not speak as its listener wants, and gives no reason. The first error names the likely one.
func TestAListenerThatWantsSomethingElse(t *testing.T) {
	t.Parallel()
	plain := cluster.SASL{Mechanism: cluster.Plain, Username: realkafka.Admin, Password: cluster.Secret(realkafka.Password(realkafka.Admin))}
	authority := cluster.TLS{CA: text(t, shared.CAFile())}
	for name, test := range map[string]struct {
		address string
		tls     *cluster.TLS
		sasl    *cluster.SASL
		words   []string
	}{
		"TLS, asked in clear":                  {shared.SSLAddress(), nil, nil, []string{"may require TLS"}},
		"TLS and SASL, asked in clear":         {shared.SASLSSLAddress(), nil, nil, []string{"may require TLS"}},
		"TLS and SASL, logged in to in clear":  {shared.SASLSSLAddress(), nil, &plain, []string{"may require TLS"}},
		"SASL, asked without login":            {shared.SASLPlaintextAddress(), nil, nil, []string{"may require", "SASL"}},
		"TLS and SASL, asked without login":    {shared.SASLSSLAddress(), &authority, nil, []string{"may require SASL"}},
		"in clear, asked by TLS":               {shared.Address(), &authority, nil, []string{"may not use TLS"}},
		"SASL in clear, logged in to by TLS":   {shared.SASLPlaintextAddress(), &authority, &plain, []string{"may not use TLS"}},
		"a certificate of another name's host": {"localhost.localdomain:1", nil, nil, []string{"localhost.localdomain"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			connection := cluster.Connection{Name: "payments", BootstrapServers: []string{test.address}, TLS: test.tls, SASL: test.sasl}
			trigger := startLagwise(t, cluster.Options{}, connection).trigger(t, on(by(connection), "billing", "orders"))
			_, err := ask(t, trigger)
			if complaint := misses(err, scalers.CauseUnreachable, append(test.words, "payments")...); complaint != nil {
				t.Error(complaint)
			}
		})
	}
}
