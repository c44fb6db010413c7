package main

import (
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/lagwise/lagwise/internal/lint"
	"github.com/lagwise/lagwise/internal/schema"
)

func schemaCommand() *cobra.Command {
	var scaler string
	command := &cobra.Command{
		Use:   "schema",
		Short: "Print a JSON schema of ScaledObjects' and ScaledJobs' triggers, for editors",
		Args:  cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			made := schema.Workloads(keyTables(), lint.Builtin())
			if scaler != "" {
				table, found := keyTables()[scaler]
				if !found {
					return fmt.Errorf("scaler %q is not known", scaler)
				}
				made = schema.Metadata(table)
				made["$schema"] = "http://json-schema.org/draft-07/schema#"
			}
			encoder := json.NewEncoder(command.OutOrStdout())
			encoder.SetEscapeHTML(false)
			encoder.SetIndent("", "  ")
			return encoder.Encode(made)
		},
	}
	command.Flags().StringVar(&scaler, "scaler", "", "print the schema of this scaler's metadata alone")
	return command
}
