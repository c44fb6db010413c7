package cluster

import (
	"math/rand/v2"
	"net"
	"strconv"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
)

// TestReadersCloseAfterBrokersDie closes consumers of librdkafka whose brokers die under requests: while the consumer connects, looks for its
// coordinator and fetches. One broker dies, or one dies and returns, or all of them die. Run it with -count=50 for 600 consumers.
func TestReadersCloseAfterBrokersDie(t *testing.T) {
	t.Parallel()
	const rounds, brokers, partitions = 12, 3, 12
	for round := range rounds {
		kafka, err := kfake.NewCluster(kfake.NumBrokers(brokers), kfake.SeedTopics(partitions, "orders"))
		if err != nil {
			t.Fatal(err)
		}
		addresses := kafka.ListenAddrs()
		opened, err := openReader(configured{connection: Connection{Name: "payments", BootstrapServers: addresses}})
		if err != nil {
			t.Fatal(err)
		}
		from := map[partition]int64{}
		for id := range int32(partitions) {
			from[partition{"orders", id}] = 0
		}
		if err := opened.assign(from); err != nil {
			t.Fatal(err)
		}
		pollFor(opened, rand.N(150*time.Millisecond))
		switch victim := rand.IntN(brokers); round % 3 {
		case 0:
			kafka.Close()
		case 1:
			remove(t, kafka, victim)
		case 2:
			remove(t, kafka, victim)
			pollFor(opened, rand.N(50*time.Millisecond))
			restore(t, kafka, victim, addresses[victim])
		}
		pollFor(opened, rand.N(100*time.Millisecond))
		if err := letGo(opened.close); err != nil {
			t.Errorf("round %d: %v", round, err)
		}
		kafka.Close()
	}
}

func remove(t *testing.T, kafka *kfake.Cluster, broker int) {
	t.Helper()
	if err := kafka.RemoveNode(int32(broker)); err != nil {
		t.Fatal(err)
	}
}

func restore(t *testing.T, kafka *kfake.Cluster, broker int, address string) {
	t.Helper()
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	number, err := strconv.Atoi(port)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := kafka.AddNode(int32(broker), number); err != nil {
		t.Fatal(err)
	}
}

// pollFor polls for a time, as a prober that waits for records.
func pollFor(from reader, length time.Duration) {
	for end := time.Now().Add(length); time.Now().Before(end); {
		from.next(time.Millisecond)
	}
}
