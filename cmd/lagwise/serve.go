package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc"

	"github.com/lagwise/lagwise/internal/config"
	"github.com/lagwise/lagwise/internal/telemetry"
	"github.com/lagwise/lagwise/scalers"
	"github.com/lagwise/lagwise/scalers/kafka/cluster"
	"github.com/lagwise/lagwise/server"
)

func serveCommand() *cobra.Command {
	var source config.Source
	var checkOnly bool
	command := &cobra.Command{
		Use:   "serve",
		Short: "Answer KEDA over gRPC",
		Args:  cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			settings, err := source.Read()
			if err != nil {
				return fmt.Errorf("the configuration is wrong:\n%w", err)
			}
			if checkOnly {
				return reportChecked(command, settings)
			}
			var listen net.ListenConfig
			listener, err := listen.Listen(command.Context(), "tcp", settings.Listen)
			if err != nil {
				return fmt.Errorf("listening for KEDA: %w", err)
			}
			log, level := newLog(command.ErrOrStderr(), settings)
			slog.SetDefault(log) // net/http writes to it what a server sends unasked
			keepMemorySmall(log)
			log.Info("lagwise answers KEDA", "address", listener.Addr().String(), "version", version())
			warnOfOpenPorts(command.Context(), settings, log)
			traces, sendTraces, err := openTraces(command.Context(), settings, log)
			if err != nil {
				return errors.Join(err, listener.Close())
			}
			program, err := assemble(settings, cluster.Options{Log: log}, log, traces...)
			if err != nil {
				return errors.Join(err, listener.Close())
			}
			answerProbes, probesErr := program.listenHealth(command.Context(), settings)
			answerScrapes, scrapesErr := program.listenHTTP(command.Context(), settings)
			if err := errors.Join(probesErr, scrapesErr); err != nil {
				return errors.Join(err, listener.Close())
			}
			beside := []func(context.Context) error{
				program.reload(source, settings, level), answerProbes, answerScrapes, program.listenStatus(command.Context(), settings), sendTraces,
			}
			return program.run(command.Context(), program.bounded(listener, settings), beside...)
		},
	}
	command.Flags().BoolVar(&checkOnly, "check-config", false, "read and check the configuration and its secrets, say what is wrong, and end")
	readsFrom(command, &source)
	return command
}

// reportChecked prints what a good configuration had better not have, and that it is good.
func reportChecked(command *cobra.Command, settings config.Config) error {
	for _, warning := range settings.Warnings(time.Now()) {
		command.PrintErrln("warning: " + warning)
	}
	_, err := fmt.Fprintln(command.OutOrStdout(), "the configuration is good")
	return err //nolint:wrapcheck // nothing to add about a closed output
}

// program is everything that answers for triggers, put together.
type program struct {
	sources

	log          *slog.Logger
	registry     *scalers.Registry
	guard        *server.Guard // nil when the server is unencrypted
	edge         *server.Server
	shown        *telemetry.Telemetry
	certificates *certificateWatch
	closeTime    time.Duration
}

func assemble(settings config.Config, options cluster.Options, log *slog.Logger, transport ...grpc.ServerOption) (*program, error) {
	guard, err := newGuard(settings.TLS)
	if err != nil {
		return nil, err
	}
	limits := limitsOf(settings)
	sources := openSources(settings, options, log)
	if sources.authentications, err = openAuthentications(settings, log); err != nil {
		return nil, err
	}
	registry := scalers.NewRegistry(sources.factories(log), scalers.RegistryOptions{
		IdleAfter: settings.IdleAfter, MaxTriggers: limits.Triggers, MaxMetadata: limits.MetadataBytes, Log: log,
	})
	shown := telemetry.New(server.HandshakeFailures()...)
	edge := server.New(registry, server.Options{
		Guard: guard, MaxStreams: limits.Streams, MaxReceiveBytes: settings.MaxMessageBytes, Log: log, Meter: shown.Edge,
		GRPC: transport, ShutdownTimeout: drainTime,
	})
	watch := newCertificateWatch(settings, log)
	shown.Show(telemetry.Sources{
		Triggers: registry, Sessions: sources.pools(), Groups: sources.pool, Serving: edge.Serving, Certificates: watch.shown,
	}, shownBy(settings))
	return &program{sources: sources, log: log, registry: registry, guard: guard, edge: edge, shown: shown, certificates: watch, closeTime: closeTime}, nil
}

// The time from SIGTERM to the end is bounded, and far enough below terminationGracePeriodSeconds of the manifests.
const (
	// drainTime is for calls in flight.
	drainTime = 10 * time.Second
	// closeTime is for connections after that, should one of them not close.
	closeTime = 12 * time.Second
)

// run serves until ctx ends. The sources outlive the server, so that calls in flight are still answered while it shuts
// down.
func (p *program) run(ctx context.Context, listener net.Listener, beside ...func(context.Context) error) error {
	sources, stopSources := context.WithCancel(context.WithoutCancel(ctx))
	defer stopSources()
	var group errgroup.Group
	group.Go(func() error {
		defer stopSources()
		return p.edge.Run(ctx, listener)
	})
	for _, run := range slices.Concat(beside, p.runs(), []func(context.Context) error{p.registry.Run, p.certificates.run}) {
		group.Go(func() error { return run(sources) })
	}
	ended := make(chan error, 1)
	go func() { ended <- group.Wait() }()
	<-sources.Done()
	select {
	case err := <-ended:
		if err != nil {
			return fmt.Errorf("serving: %w", err)
		}
		p.log.Info("lagwise stopped")
	case <-time.After(p.closeTime):
		p.log.Error("left behind: connections that do not close", "waited", p.closeTime)
	}
	return nil
}
