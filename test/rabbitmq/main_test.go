//go:build rabbitmq

// Package rabbitmq_test holds the RabbitMQ scaler to a real RabbitMQ: "make test-rabbitmq".
package rabbitmq_test

import (
	"context"
	"fmt"
	"os"
	"testing"

	"golang.org/x/sync/errgroup"

	"github.com/lagwise/lagwise/test/process"
	"github.com/lagwise/lagwise/test/realrabbit"
)

// A broker takes ten seconds to start, so tests share one and have queues of their own. mortal is for those that kill it.
var shared, mortal *realrabbit.Broker

func TestMain(m *testing.M) {
	os.Exit(process.InOwnFolder(func(ctx context.Context) int { return runOnBrokers(ctx, m) }))
}

func runOnBrokers(ctx context.Context, m *testing.M) (exitCode int) {
	var starting errgroup.Group
	for _, into := range []**realrabbit.Broker{&shared, &mortal} {
		starting.Go(func() (err error) {
			*into, err = realrabbit.Start(ctx, realrabbit.Options{})
			return err
		})
	}
	err := starting.Wait()
	for _, broker := range []*realrabbit.Broker{shared, mortal} {
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
