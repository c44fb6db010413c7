package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/lagwise/lagwise/scalers"
	"github.com/lagwise/lagwise/scalers/cron"
	"github.com/lagwise/lagwise/scalers/kafka"
	"github.com/lagwise/lagwise/scalers/newrelic"
	"github.com/lagwise/lagwise/scalers/rabbitmq"
)

// keyTables is every scaler's table of metadata keys.
func keyTables() map[string]scalers.KeyTable {
	return map[string]scalers.KeyTable{"cron": cron.Keys(), "kafka": kafka.Keys(), "new-relic": newrelic.Keys(), "rabbitmq": rabbitmq.Keys()}
}

//go:generate go run . keys --into ../../docs/keys.md
//go:generate go run . keys --scaler cron --into ../../docs/cron.md
//go:generate go run . keys --scaler new-relic --into ../../docs/new-relic.md
//go:generate go run . keys --scaler rabbitmq --into ../../docs/rabbitmq.md

func keysCommand() *cobra.Command {
	var scaler, into string
	command := &cobra.Command{
		Use:   "keys",
		Short: "Print the reference of metadata keys as a Markdown table",
		Args:  cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			table, found := keyTables()[scaler]
			if !found {
				return fmt.Errorf("scaler %q is not known", scaler)
			}
			return keysSection.write(command.OutOrStdout(), keysText(table), into)
		},
	}
	command.Flags().StringVar(&into, "into", "", "put the table between this file's keys:begin and keys:end marks instead of printing it")
	command.Flags().StringVar(&scaler, "scaler", scalers.DefaultScaler, "the scaler whose keys to print")
	return command
}

const keysSection section = "keys"

// keysText lists the keys that a user may set; credentials and KEDA's own link keys are told in one line each.
func keysText(table scalers.KeyTable) string {
	var text strings.Builder
	text.WriteString("| key | value | default | from | meaning |\n|---|---|---|---|---|\n")
	var refused, ignored []string
	for _, key := range table {
		switch key.Origin {
		case scalers.Credential:
			refused = append(refused, "`"+key.Name+"`")
		case scalers.Link:
			ignored = append(ignored, "`"+key.Name+"`")
		case scalers.FromKEDA, scalers.Own:
			text.WriteString(row(key))
		}
	}
	if len(refused) > 0 {
		fmt.Fprintf(&text, "\nRefused in metadata, because credentials belong in a connection: %s.\n", strings.Join(refused, ", "))
	}
	fmt.Fprintf(&text, "\nRead by KEDA for its own link to lagwise, and ignored here: %s.\n", strings.Join(ignored, ", "))
	return text.String()
}

func row(key scalers.Key) string {
	name := "`" + key.Name + "`"
	if key.FromEnv {
		name += ", `" + key.Name + "FromEnv`"
	}
	value, preset, meaning := key.Columns()
	return fmt.Sprintf("| %s | %s | %s | %s | %s |\n", name, value, preset, key.Origin, meaning)
}
