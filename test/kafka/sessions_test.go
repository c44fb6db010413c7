//go:build kafka

package kafka_test

import (
	"bufio"
	"bytes"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/lagwise/lagwise/scalers"
	"github.com/lagwise/lagwise/scalers/kafka/cluster"
	"github.com/lagwise/lagwise/test/realkafka"
)

// maxConnections is what one librdkafka client opens to a cluster of one broker: to its bootstrap address, to the broker
// by its own name, and to the coordinator of its group.
const maxConnections = 4

// This test has the listener to itself, so every connection to it is one of lagwise's.
func TestTriggersShareOneSession(t *testing.T) { // not parallel: it counts connections
	operator := operatorOf(t, shared)
	const triggers = 50
	var topics, groups []string
	for range triggers {
		topics, groups = append(topics, operator.topic(t, 1)), append(groups, fresh(t))
	}
	before := goleak.IgnoreCurrent()
	noConnections(t)

	connection := saslOver("payments", cluster.Plain, realkafka.Admin)
	lagwise := startLagwise(t, cluster.Options{}, connection)
	var scaler scalers.Scaler
	var release []func()
	for i := range triggers {
		lent, done := lagwise.lend(t, on(by(connection), groups[i], topics[i]))
		scaler, release = lent, append(release, done)
		answers(t, scaler, 1, true)
	}
	refreshes(t, scaler, 5)
	if n := connectionsTo(t, shared.SASLPlaintextAddress()); n == 0 || n > maxConnections {
		t.Errorf("%d triggers hold %d connections, want 1 to %d", triggers, n, maxConnections)
	}

	// Nobody asks any more: the registry forgets the triggers, and the last one takes the session with it.
	for _, done := range release {
		done()
	}
	noConnections(t)
	if n := lagwise.registry.Len(); n != 0 {
		t.Errorf("%d triggers are still remembered", n)
	}
	lagwise.stop()
	goleak.VerifyNone(t, before)
}

func TestStopClosesEverything(t *testing.T) { // not parallel: it counts connections
	topic := operatorOf(t, shared).topic(t, 1)
	before := goleak.IgnoreCurrent()
	connection := saslOver("payments", cluster.Plain, realkafka.Admin)
	lagwise := startLagwise(t, cluster.Options{}, connection)
	good := lagwise.trigger(t, on(by(connection), fresh(t), topic))
	lagwise.trigger(t, on(at(closedPort(t)), fresh(t), topic)) // and one whose brokers are nowhere
	answers(t, good, 1, true)

	lagwise.stop()
	if n := connectionsTo(t, shared.SASLPlaintextAddress()); n != 0 {
		t.Errorf("%d connections are left", n)
	}
	goleak.VerifyNone(t, before)
}

func noConnections(t *testing.T) {
	t.Helper()
	eventually(t, patience, func() error {
		if n := connectionsTo(t, shared.SASLPlaintextAddress()); n > 0 {
			return fmt.Errorf("%d connections are open", n)
		}
		return nil
	})
}

// connectionsTo counts established connections from this machine to an address on it, as Linux lists them: fields 2 and
// 3 are the two ends in hexadecimal digits, field 4 is the state.
func connectionsTo(t *testing.T, address string) (n int) {
	t.Helper()
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	number, err := strconv.Atoi(port)
	if err != nil {
		t.Fatal(err)
	}
	table, err := os.ReadFile("/proc/net/tcp")
	if err != nil {
		t.Skipf("connections can be counted on Linux alone: %v", err)
	}
	const established = "01"
	for lines := bufio.NewScanner(bytes.NewReader(table)); lines.Scan(); {
		fields := strings.Fields(lines.Text())
		if strings.HasSuffix(fields[2], fmt.Sprintf(":%04X", number)) && fields[3] == established {
			n++
		}
	}
	return n
}
