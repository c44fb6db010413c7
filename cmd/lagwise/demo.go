package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/term"

	"github.com/lagwise/lagwise/internal/config"
	"github.com/lagwise/lagwise/internal/demo"
	"github.com/lagwise/lagwise/scalers/kafka/cluster"
)

func demoCommand() *cobra.Command {
	var address string
	var duration time.Duration
	command := &cobra.Command{
		Use:   "demo",
		Short: "Watch lagwise scale consumers, without Kafka, KEDA or Kubernetes",
		Args:  cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			ctx := command.Context()
			if duration > 0 {
				var cancel context.CancelFunc
				ctx, cancel = context.WithTimeout(ctx, duration)
				defer cancel()
			}
			return runDemo(ctx, address, command.OutOrStdout())
		},
	}
	command.Flags().StringVar(&address, "listen", "127.0.0.1:6000", "address of lagwise's gRPC server; a free port is taken when this one is not")
	command.Flags().DurationVar(&duration, "duration", 0, "end after this long; 0 means at Ctrl-C")
	return command
}

// runDemo hands the demo the very server that `lagwise serve` runs, only with a shorter interval than is kind to a real
// Kafka. Its log is left out: the demo shows what lagwise says on the wire.
func runDemo(ctx context.Context, address string, out io.Writer) error {
	flags := pflag.NewFlagSet("demo", pflag.ContinueOnError)
	config.Flags(flags)
	if err := errors.Join(flags.Set("refreshInterval", "500ms"), flags.Set("http.listen", ""), flags.Set("health.listen", "")); err != nil {
		return fmt.Errorf("configuring the demo: %w", err)
	}
	settings, err := config.Source{Flags: flags}.Read()
	if err != nil {
		return fmt.Errorf("configuring the demo: %w", err)
	}
	listener, err := listenSomewhere(ctx, address, out)
	if err != nil {
		return err
	}
	log := slog.New(slog.DiscardHandler)
	err = demo.Run(ctx, demo.Options{
		Listener: listener,
		Serve: func(ctx context.Context, listener net.Listener) error {
			program, err := assemble(settings, cluster.Options{Embedded: true, Log: log}, log)
			if err != nil {
				return err
			}
			return program.run(ctx, listener)
		},
		Out:  out,
		Size: sizeOf(out),
	})
	if err != nil {
		return fmt.Errorf("the demo broke off: %w", err)
	}
	_, err = fmt.Fprintln(out, "The demo has ended.")
	return err //nolint:wrapcheck // nothing to add about a closed output
}

// listenSomewhere takes another port, and says so, when the wanted one is in use.
func listenSomewhere(ctx context.Context, address string, out io.Writer) (net.Listener, error) {
	var listen net.ListenConfig
	listener, err := listen.Listen(ctx, "tcp", address)
	if errors.Is(err, syscall.EADDRINUSE) {
		if _, err := fmt.Fprintf(out, "%s is in use: taking another port.\n", address); err != nil {
			return nil, fmt.Errorf("printing: %w", err)
		}
		listener, err = listen.Listen(ctx, "tcp", "127.0.0.1:0")
	}
	if err != nil {
		return nil, fmt.Errorf("listening for the demo: %w", err)
	}
	return listener, nil
}

// sizeOf tells how large a terminal is, each time it is asked; nil when out is none.
func sizeOf(out io.Writer) func() (columns, rows int) {
	file, ok := out.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) {
		return nil
	}
	return func() (columns, rows int) {
		columns, rows, err := term.GetSize(int(file.Fd()))
		if err != nil || columns <= 0 || rows <= 0 {
			return 80, 24
		}
		return columns, rows
	}
}
