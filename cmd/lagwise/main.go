// Command lagwise is a KEDA external scaler. This folder is the composition root: it reads flags and configuration,
// joins the rooms together and starts them. It decides nothing about any trigger.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	_ "time/tzdata" // an image without time zones can still open windows

	"github.com/spf13/cobra"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run is main without the process around it.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) (exitCode int) {
	root := &cobra.Command{
		Use:           "lagwise",
		Short:         "A KEDA external scaler that answers from memory for Kafka consumer lag",
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.AddCommand(serveCommand(), demoCommand(), keysCommand(), versionCommand()) //nolint:contextcheck // cobra hands each command the context of ExecuteContext
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	if err := root.ExecuteContext(ctx); err != nil {
		_, _ = fmt.Fprintln(stderr, "lagwise:", err)
		return 1
	}
	return 0
}
