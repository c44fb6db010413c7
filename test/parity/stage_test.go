package parity_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"sync/atomic"
	"testing"

	"github.com/lagwise/lagwise/test/realkafka"
)

// seedVariable names the environment variable that repeats a run.
const seedVariable = "LAGWISE_PARITY_SEED"

// stage is what the tests stand on.
type stage struct {
	kafka *kafkaState
	// usual is the address of a lagwise with its own defaults.
	usual string
	// quick is the address of a lagwise that looks at Kafka five times a second.
	quick string
	// binary is lagwise, to start another one.
	binary string
	seed   uint64
	names  atomic.Int64
}

func newStage(t *testing.T) *stage {
	t.Helper()
	seed := seedOf(t)
	t.Logf("%s=%d makes the same triggers and states again", seedVariable, seed)

	built := make(chan string, 1)
	go func() { built <- buildLagwise(t) }() // beside the broker's start, which waits more than it works
	broker, err := realkafka.Start(context.WithoutCancel(t.Context()), realkafka.Options{})
	binary := <-built
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := broker.Stop(); err != nil {
			t.Error(err)
		}
	})
	if binary == "" {
		t.FailNow()
	}
	return &stage{
		kafka:  newKafkaState(t, broker.Address()),
		usual:  startLagwise(t, binary),
		quick:  startLagwise(t, binary, "--refreshInterval=200ms"),
		binary: binary,
		seed:   seed,
	}
}

func seedOf(t *testing.T) uint64 {
	t.Helper()
	text := os.Getenv(seedVariable)
	if text == "" {
		return rand.Uint64()
	}
	seed, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatalf("%s: %v", seedVariable, err)
	}
	return seed
}

// random gives each part of the tests its own numbers, so that one part alone makes the same cases again.
func (s *stage) random(part string) *rand.Rand {
	stream := uint64(0)
	for _, letter := range []byte(part) {
		stream = stream*31 + uint64(letter)
	}
	return rand.New(rand.NewPCG(s.seed, stream))
}

// name makes a name that no other topic or group has.
func (s *stage) name(word string) string {
	return fmt.Sprintf("%s-%d", word, s.names.Add(1))
}
