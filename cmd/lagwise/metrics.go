package main

import (
	"github.com/spf13/cobra"

	"github.com/lagwise/lagwise/internal/telemetry"
)

//go:generate go run . metrics --into ../../docs/metrics.md

const metricsSection section = "metrics"

func metricsCommand() *cobra.Command {
	var into string
	command := &cobra.Command{
		Use:   "metrics",
		Short: "Print the reference of metrics as Markdown tables",
		Args:  cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			return metricsSection.write(command.OutOrStdout(), telemetry.Reference(), into)
		},
	}
	command.Flags().StringVar(&into, "into", "", "put the tables between this file's metrics:begin and metrics:end marks instead of printing them")
	return command
}
