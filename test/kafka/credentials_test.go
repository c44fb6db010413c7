//go:build kafka

package kafka_test

import (
	"strings"
	"testing"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"

	"github.com/lagwise/lagwise/scalers"
	"github.com/lagwise/lagwise/scalers/kafka/cluster"
	"github.com/lagwise/lagwise/test/realkafka"
)

func mechanisms() []cluster.Mechanism {
	return []cluster.Mechanism{cluster.Plain, cluster.ScramSHA256, cluster.ScramSHA512}
}

// A handler has 1.5 s. A wrong password must be called by its name in that time: that it is not "timed out" is what saves
// its owner an afternoon. So here no request times out.
func TestWrongPasswordIsToldAtOnce(t *testing.T) {
	t.Parallel()
	topic, group := operatorOf(t, shared).topic(t, 1), fresh(t)
	const wrong = "correct-horse-battery-staple"
	for _, mechanism := range mechanisms() {
		for name, connection := range map[string]cluster.Connection{
			"without TLS": saslOver("payments", mechanism, realkafka.Admin),
			"with TLS":    saslOverTLS(t, "payments", mechanism, realkafka.Admin),
		} {
			t.Run(string(mechanism)+" "+name, func(t *testing.T) {
				t.Parallel()
				connection.SASL.Password = wrong
				trigger := startLagwise(t, cluster.Options{RequestTimeout: 2 * patience}, connection).trigger(t, on(by(connection), group, topic))

				_, err := ask(t, trigger)
				if complaint := misses(err, scalers.CauseUnauthenticated, "authentication failed", "payments"); complaint != nil {
					t.Fatal(complaint)
				}
				if strings.Contains(err.Error(), wrong) {
					t.Errorf("the password stands in %q", err)
				}
			})
		}
	}
}

func TestRightPassword(t *testing.T) {
	t.Parallel()
	operator := operatorOf(t, shared)
	topic, group := operator.topic(t, 1), fresh(t)
	operator.produce(t, topic, 0, 3)
	operator.commit(t, group, topic, 0, 0)
	for _, mechanism := range mechanisms() {
		for name, connection := range map[string]cluster.Connection{
			"without TLS": saslOver("payments", mechanism, realkafka.Admin),
			"with TLS":    saslOverTLS(t, "payments", mechanism, realkafka.Admin),
		} {
			t.Run(string(mechanism)+" "+name, func(t *testing.T) {
				t.Parallel()
				answers(t, startLagwise(t, cluster.Options{}, connection).trigger(t, on(by(connection), group, topic)), 3, true)
			})
		}
	}
}

func TestCertificateOfTheBroker(t *testing.T) {
	t.Parallel()
	operator := operatorOf(t, shared)
	topic, group := operator.topic(t, 1), fresh(t)
	operator.produce(t, topic, 0, 3)
	operator.commit(t, group, topic, 0, 0)

	trusting := func(t *testing.T, tls cluster.TLS) scalers.Scaler {
		t.Helper()
		connection := encrypted("payments", tls)
		return startLagwise(t, cluster.Options{}, connection).trigger(t, on(by(connection), group, topic))
	}
	t.Run("signed by a trusted authority", func(t *testing.T) {
		t.Parallel()
		answers(t, trusting(t, cluster.TLS{CA: text(t, shared.CAFile())}), 3, true)
	})
	t.Run("signed by nobody we know", func(t *testing.T) {
		t.Parallel()
		fails(t, trusting(t, cluster.TLS{}), scalers.CauseUnreachable, "certificate")
	})
	t.Run("not looked at", func(t *testing.T) {
		t.Parallel()
		answers(t, trusting(t, cluster.TLS{SkipVerify: true}), 3, true)
	})
	t.Run("not looked at, by the trigger's own keys", func(t *testing.T) {
		t.Parallel()
		metadata := on(at(shared.SSLAddress()), group, topic, "tls", "enable", "brokerUnsafeSsl", "true")
		answers(t, startLagwise(t, cluster.Options{}).trigger(t, metadata), 3, true)
	})
	t.Run("an authority that is no certificate", func(t *testing.T) {
		t.Parallel()
		fails(t, trusting(t, cluster.TLS{CA: "no certificate"}), scalers.CauseRefused, "payments", "must hold certificates in PEM")
	})
}

// The certificate says who lagwise is: nobody may do anything until it is allowed to that name.
func TestCertificateOfTheClient(t *testing.T) {
	t.Parallel()
	operator := operatorOf(t, shared)
	topic, group := operator.topic(t, 1), fresh(t)
	operator.produce(t, topic, 0, 3)
	operator.commit(t, group, topic, 0, 0)
	connection := certified(t, "payments")
	trigger := startLagwise(t, cluster.Options{}, connection).trigger(t, on(by(connection), group, topic))
	fails(t, trigger, scalers.CauseDenied, topic)

	operator.allow(t, realkafka.CertificatePrincipal, kafka.ACLOperationDescribe, kafka.ResourceTopic, topic)
	operator.allow(t, realkafka.CertificatePrincipal, kafka.ACLOperationDescribe, kafka.ResourceGroup, group)
	answers(t, trigger, 3, true)
}
