// Package product runs lagwise's Kafka scaler in the process of a test, as "lagwise serve" puts it together, without the
// gRPC edge.
package product

import (
	"context"
	"log/slog"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/lagwise/lagwise/scalers"
	"github.com/lagwise/lagwise/scalers/kafka"
	"github.com/lagwise/lagwise/scalers/kafka/cluster"
)

// Product is a running lagwise.
type Product struct {
	Registry *scalers.Registry
	Pool     *cluster.Pool

	cancel  context.CancelFunc
	running errgroup.Group
}

// Start starts lagwise with the named connections; triggers may use brokers of their own as well. It runs until Stop.
func Start(options cluster.Options, connections ...cluster.Connection) *Product {
	grants := map[string]kafka.Grant{}
	for _, connection := range connections {
		grants[connection.Name] = kafka.Grant{Connection: connection}
	}

	pool := cluster.NewPool(options)
	subscribe := func(connection cluster.Connection, want cluster.Want) (kafka.Subscription, error) {
		return pool.Subscribe(connection, want)
	}
	factory := kafka.New(subscribe, kafka.NewConnections(grants, "*"), slog.New(slog.DiscardHandler))
	p := &Product{
		Pool:     pool,
		Registry: scalers.NewRegistry(map[string]scalers.Factory{"kafka": factory}, scalers.RegistryOptions{IdleAfter: time.Second}),
	}

	ctx, cancel := context.WithCancel(context.Background())
	p.cancel = cancel
	p.running.Go(func() error { return p.Registry.Run(ctx) })
	p.running.Go(func() error { return p.Pool.Run(ctx) })

	return p
}

// Stop ends lagwise and returns the error that it ended with. It may be called more than once.
func (p *Product) Stop() error {
	p.cancel()

	return p.running.Wait() //nolint:wrapcheck // lagwise's own
}
