// Command lagwise is a KEDA external scaler. This folder is the composition root: it reads flags and configuration,
// joins the rooms together and starts them. It decides nothing about any trigger.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	_ "time/tzdata" // an image without time zones can still open windows

	"github.com/spf13/cobra"

	"github.com/lagwise/lagwise/scalers/kafka/cluster"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // whoever asks a second time does not want to wait
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run is main without the process around it.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) (exitCode int) {
	root := rootCommand() //nolint:contextcheck // cobra hands each command the context of ExecuteContext
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	if err := root.ExecuteContext(ctx); err != nil {
		_, _ = fmt.Fprintln(stderr, "lagwise:", err)
		if ends, is := errors.AsType[*exit](err); is {
			return ends.code
		}
		return 1
	}
	return 0
}

func rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:           "lagwise",
		Short:         "A KEDA external scaler that answers from memory for Kafka consumer lag",
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.AddCommand(
		serveCommand(), auditCommand(), configCommand(), convertCommand(), demoCommand(), explainCommand(cluster.Options{}),
		keysCommand(), lintCommand(), metricsCommand(), schemaCommand(), simulateCommand(), versionCommand(),
	)
	return root
}
