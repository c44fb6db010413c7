package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/lagwise/lagwise/internal/config"
	"github.com/lagwise/lagwise/scalers"
	"github.com/lagwise/lagwise/scalers/cron"
	"github.com/lagwise/lagwise/scalers/kafka"
	"github.com/lagwise/lagwise/scalers/kafka/cluster"
	"github.com/lagwise/lagwise/server"
)

func serveCommand() *cobra.Command {
	var path string
	command := &cobra.Command{
		Use:   "serve",
		Short: "Answer KEDA over gRPC",
		Args:  cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			settings, err := config.Read(path, command.Flags())
			if err != nil {
				return fmt.Errorf("the configuration is wrong: %w", err)
			}
			var listen net.ListenConfig
			listener, err := listen.Listen(command.Context(), "tcp", settings.Listen)
			if err != nil {
				return fmt.Errorf("listening for KEDA: %w", err)
			}
			log := newLog(command.ErrOrStderr(), settings)
			keepMemorySmall(log)
			log.Info("lagwise answers KEDA", "address", listener.Addr().String(), "version", version())
			return serve(command.Context(), listener, settings, cluster.Options{Log: log}, log)
		},
	}
	command.Flags().StringVar(&path, "config", "", "configuration file (YAML)")
	config.Flags(command.Flags())
	return command
}

// factories is every scaler that a trigger can name with its "scaler" key.
func factories(pool *cluster.Pool, connections map[string]cluster.Connection, log *slog.Logger) map[string]scalers.Factory {
	subscribe := func(connection cluster.Connection, want cluster.Want) (kafka.Subscription, error) {
		return pool.Subscribe(connection, want)
	}
	return map[string]scalers.Factory{
		"cron":  cron.New(log),
		"kafka": kafka.New(subscribe, connections, log),
	}
}

// serve runs everything until ctx ends. The sources outlive the server, so that calls in flight are still answered while
// it shuts down.
func serve(ctx context.Context, listener net.Listener, settings config.Config, options cluster.Options, log *slog.Logger) error {
	options.RefreshInterval, options.MaxSnapshotAge = settings.RefreshInterval, settings.MaxSnapshotAge
	pool := cluster.NewPool(options)
	registry := scalers.NewRegistry(factories(pool, settings.Connections, log), scalers.RegistryOptions{IdleAfter: settings.IdleAfter, Log: log})
	edge := server.New(registry, server.Options{Log: log})

	sources, stopSources := context.WithCancel(context.WithoutCancel(ctx))
	defer stopSources()
	var group errgroup.Group
	group.Go(func() error {
		defer stopSources()
		return edge.Run(ctx, listener)
	})
	group.Go(func() error { return registry.Run(sources) })
	group.Go(func() error { return pool.Run(sources) })
	if err := group.Wait(); err != nil {
		return fmt.Errorf("serving: %w", err)
	}
	log.Info("lagwise stopped")
	return nil
}

func newLog(to io.Writer, settings config.Config) *slog.Logger {
	var level slog.Level
	if err := level.UnmarshalText([]byte(settings.LogLevel)); err != nil {
		level = slog.LevelInfo
	}
	options := &slog.HandlerOptions{Level: level}
	if settings.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(to, options))
	}
	return slog.New(slog.NewTextHandler(to, options))
}
