package main

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/lagwise/lagwise/scalers"
	"github.com/lagwise/lagwise/scalers/cron"
	"github.com/lagwise/lagwise/scalers/kafka"
)

// keyTables is every scaler's table of metadata keys.
func keyTables() map[string]scalers.KeyTable {
	return map[string]scalers.KeyTable{"cron": cron.Keys(), "kafka": kafka.Keys()}
}

//go:generate go run . keys --into ../../README.md
//go:generate go run . keys --scaler cron --into ../../docs/cron.md

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
			if into != "" {
				return insertKeys(into, keysText(table))
			}
			_, err := io.WriteString(command.OutOrStdout(), keysText(table))
			return err //nolint:wrapcheck // nothing to add about a closed output
		},
	}
	command.Flags().StringVar(&into, "into", "", "put the table between this file's keys:begin and keys:end marks instead of printing it")
	command.Flags().StringVar(&scaler, "scaler", scalers.DefaultScaler, "the scaler whose keys to print")
	return command
}

const (
	keysBegin = "<!-- keys:begin -->\n"
	keysEnd   = "<!-- keys:end -->"
)

// insertKeys replaces what stands between the marks of a Markdown file.
func insertKeys(path, keys string) error {
	page, err := os.ReadFile(path) //nolint:gosec // the caller's own file
	if err != nil {
		return fmt.Errorf("reading the page: %w", err)
	}
	before, rest, found := strings.Cut(string(page), keysBegin)
	_, after, ended := strings.Cut(rest, keysEnd)
	if !found || !ended {
		return fmt.Errorf("%s has no %q and %q", path, strings.TrimSpace(keysBegin), keysEnd)
	}
	if err := os.WriteFile(path, []byte(before+keysBegin+keys+keysEnd+after), 0o644); err != nil { //nolint:gosec // a page for everybody
		return fmt.Errorf("writing the page: %w", err)
	}
	return nil
}

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
	value := string(key.Kind)
	if len(key.Choices) > 0 {
		value = strings.Join(key.Choices, ", ")
	}
	preset := ""
	if key.Default != "" {
		preset = "`" + key.Default + "`"
	}
	help := key.Help
	if key.Required {
		help += " Required."
	}
	if len(key.Excludes) > 0 {
		help += " Not with " + strings.Join(key.Excludes, ", ") + "."
	}
	help = strings.ReplaceAll(help, "|", `\|`) // or it would be a column of its own
	return fmt.Sprintf("| %s | %s | %s | %s | %s |\n", name, value, preset, key.Origin, help)
}
