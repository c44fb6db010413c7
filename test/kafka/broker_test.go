//go:build kafka

package kafka_test

import (
	"net"
	"strings"
	"testing"

	"github.com/lagwise/lagwise/test/realkafka"
)

// These tests are about the harness: the others may then take a broker, its
// listeners and its crashes for granted.

func TestSecureBrokerServesEveryListener(t *testing.T) {
	t.Parallel()

	broker := startBroker(t, realkafka.Options{Secure: true})

	addresses := broker.Addresses()
	if len(addresses) != 4 {
		t.Fatalf("a secure broker has four listeners for clients, got %v", addresses)
	}

	for _, address := range addresses {
		if !reachable(t, address) {
			t.Errorf("%s does not accept connections", address)
		}
	}
}

func TestKilledBrokerComesBackOnTheSamePort(t *testing.T) {
	t.Parallel()

	broker := startBroker(t, realkafka.Options{})
	address := broker.Address()

	broker.Kill()

	if reachable(t, address) {
		t.Fatal("a killed broker still accepts connections")
	}

	if err := broker.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}

	if broker.Address() != address {
		t.Errorf("the address changed from %s to %s", address, broker.Address())
	}

	if !reachable(t, address) {
		t.Error("the restarted broker does not accept connections")
	}
}

func TestBrokerWithBadSettingsFailsWithItsLog(t *testing.T) {
	t.Parallel()

	broker, err := realkafka.Start(t.Context(), realkafka.Options{Properties: []string{"num.io.threads=many"}})
	if err == nil {
		_ = broker.Stop()

		t.Fatal("a broker started with bad settings")
	}

	if !strings.Contains(err.Error(), "num.io.threads") {
		t.Errorf("the error does not carry Kafka's own words: %v", err)
	}
}

func TestBrokerWithoutKafkaSaysHowToGetIt(t *testing.T) {
	t.Parallel()

	_, err := realkafka.Start(t.Context(), realkafka.Options{LibDir: t.TempDir()})
	if err == nil || !strings.Contains(err.Error(), "make test-kafka") {
		t.Errorf("want an error that names the command to run, got %v", err)
	}
}

// startBroker starts a broker that ends with the test, and shows its log when
// the test has failed.
func startBroker(t *testing.T, options realkafka.Options) *realkafka.Broker {
	t.Helper()

	broker, err := realkafka.Start(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}

	t.Cleanup(func() {
		if t.Failed() {
			t.Log(broker.Logs())
		}

		if err := broker.Stop(); err != nil {
			t.Error(err)
		}
	})

	return broker
}

func reachable(t *testing.T, address string) bool {
	t.Helper()

	connection, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", address)
	if err != nil {
		return false
	}

	if err := connection.Close(); err != nil {
		t.Fatal(err)
	}

	return true
}
