package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/lagwise/lagwise/internal/config"
)

//go:generate go run . config --reference --into ../../docs/configuration.md

const settingsSection section = "settings"

func configCommand() *cobra.Command {
	var source config.Source
	var reference bool
	var into string
	command := &cobra.Command{
		Use:   "config",
		Short: "Print the configuration in effect, and where each value comes from; secrets are not shown",
		Args:  cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			if reference {
				return settingsSection.write(command.OutOrStdout(), config.Reference(), into)
			}
			settings, err := source.Read()
			if err != nil {
				return fmt.Errorf("the configuration is wrong:\n%w", err)
			}
			return settings.Show(command.OutOrStdout())
		},
	}
	command.Flags().BoolVar(&reference, "reference", false, "print the reference of all settings as Markdown tables instead")
	command.Flags().StringVar(&into, "into", "", "put the reference between this file's settings:begin and settings:end marks instead of printing it")
	readsFrom(command, &source)
	return command
}

// readsFrom gives a command the flags by which a configuration is given.
func readsFrom(command *cobra.Command, source *config.Source) {
	command.Flags().StringVar(&source.Path, "config", "", "configuration file (YAML)")
	config.Flags(command.Flags())
	source.Flags = command.Flags()
}
