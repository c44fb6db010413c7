//go:build kafka

package kafka_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/lagwise/lagwise/test/process"
	"github.com/lagwise/lagwise/test/realkafka"
)

// A broker takes seconds to start, so most tests share these two. What keeps tests apart is that each makes topics,
// groups and ACLs of its own. Tests that are not parallel run first and have the brokers to themselves: they are the
// ones that count connections.
var (
	// shared has every listener, users and ACLs.
	shared *realkafka.Broker
	// tidy does what most tests must be spared: it expires the commits of groups without members after a minute, compacts
	// at once, and creates any topic that a client is careless enough to ask for.
	tidy *realkafka.Broker
)

func TestMain(m *testing.M) {
	flag.Parse()
	if flag.Lookup("test.parallel").Value.String() == strconv.Itoa(runtime.GOMAXPROCS(0)) {
		// Tests wait far more than they work, so the default of one for each processor would idle.
		if err := flag.Set("test.parallel", "8"); err != nil {
			panic(err)
		}
	}
	os.Exit(process.InOwnFolder(func(ctx context.Context) int { return runOnBrokers(ctx, m) }))
}

func runOnBrokers(ctx context.Context, m *testing.M) (exitCode int) {
	var starting errgroup.Group
	start := func(into **realkafka.Broker, options realkafka.Options) {
		starting.Go(func() (err error) {
			*into, err = realkafka.Start(ctx, options)
			return err
		})
	}
	if *soakTime > 0 { // it has a broker of its own, and the machine to itself
		return process.UnlessInterrupted(ctx, m.Run)
	}
	start(&shared, realkafka.Options{Secure: true})
	start(&tidy, realkafka.Options{
		AutoCreateTopics:      true,
		OffsetsRetentionCheck: time.Second,
		Properties:            []string{"offsets.retention.minutes=1", "log.cleaner.backoff.ms=100"},
	})
	err := starting.Wait()
	for _, broker := range []*realkafka.Broker{shared, tidy} {
		if broker != nil {
			defer func() { _ = broker.Stop() }()
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return process.UnlessInterrupted(ctx, m.Run)
}
