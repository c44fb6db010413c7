package main

import (
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/lagwise/lagwise/internal/lint"
	"github.com/lagwise/lagwise/internal/manifest"
)

//go:generate go run . lint --reference --into ../../docs/lint.md

const (
	rulesSection section = "rules"

	codeUnreadable = 2
)

// lintFlags are what a user says about how to lint.
type lintFlags struct {
	format, failOn string
	disabled       []string
	partitions     map[string]int
}

func lintCommand() *cobra.Command {
	var flags lintFlags
	var reference bool
	var into string
	command := &cobra.Command{
		Use:   "lint FILE|FOLDER|-...",
		Short: "Find what is wrong with ScaledObjects and ScaledJobs before a cluster sees them",
		Long: `Find what is wrong with ScaledObjects and ScaledJobs before a cluster sees them: lagwise's triggers, and KEDA's
own (` + builtinTypes() + `). Files may hold several documents of any kind; "-" is the standard input, as in
"helm template CHART | lagwise lint -". Each rule is told of in docs/lint.md.

Exit codes: 0 where nothing was found that --fail-on names, 1 where something was, 2 where a file cannot be read, or a flag is wrong.`,
		RunE: func(command *cobra.Command, paths []string) error {
			if reference {
				return rulesSection.write(command.OutOrStdout(), lint.Reference(), into)
			}
			if len(paths) == 0 {
				return &exit{codeUnreadable, errors.New(`name files or folders to lint, or "-"`)}
			}
			return lintPaths(command, paths, flags)
		},
	}
	command.Flags().StringVar(&flags.format, "format", "text", "how to write findings: "+strings.Join(slices.Sorted(maps.Keys(lint.Formats())), ", "))
	command.Flags().StringVar(&flags.failOn, "fail-on", string(lint.Warning), "the least severity that makes the exit code 1: error, warning or hint")
	command.Flags().StringSliceVar(&flags.disabled, "disable", nil, "rules to leave out, by their ids")
	command.Flags().StringToIntVar(&flags.partitions, "partitions", nil, "how many partitions a topic has, such as orders=12")
	command.Flags().BoolVar(&reference, "reference", false, "print the reference of all rules as a Markdown table instead")
	command.Flags().StringVar(&into, "into", "", "put the reference between this file's rules:begin and rules:end marks instead of printing it")
	return misusedAs(codeUnreadable, command)
}

func lintPaths(command *cobra.Command, paths []string, flags lintFlags) error {
	write, err := flags.check()
	if err != nil {
		return &exit{codeUnreadable, err}
	}
	workloads, err := manifest.Open(paths, command.InOrStdin())
	mistakes, unreadable := manifest.Split(err)
	linter := lint.Linter{Sources: lintSources(), Partitions: flags.partitions, Today: time.Now()}
	findings := append(linter.Workloads(workloads), lint.Mistakes(mistakes)...)
	findings = lint.Without(findings, flags.disabled)
	lint.Sort(findings)
	if err := write(command.OutOrStdout(), findings); err != nil {
		return err
	}
	said := fmt.Sprintf("%d looked at: %s", len(workloads), lint.Summary(findings))
	switch {
	case len(unreadable) > 0:
		return &exit{codeUnreadable, errors.Join(unreadable...)}
	case lint.Fails(findings, lint.Severity(flags.failOn)):
		return errors.New(said)
	default:
		_, err := fmt.Fprintln(command.ErrOrStderr(), "lagwise:", said) // a pipe that brought nothing shows in it
		return err                                                      //nolint:wrapcheck // nothing to add about a closed output
	}
}

// check finds what the flags cannot mean.
func (f lintFlags) check() (lint.Format, error) {
	write, known := lint.Formats()[f.format]
	if !known {
		return nil, fmt.Errorf("--format %q: want one of %s", f.format, strings.Join(slices.Sorted(maps.Keys(lint.Formats())), ", "))
	}
	if !slices.Contains(lint.Severities(), lint.Severity(f.failOn)) {
		return nil, fmt.Errorf("--fail-on %q: want error, warning or hint", f.failOn)
	}
	for _, id := range f.disabled {
		if !slices.ContainsFunc(lint.Rules(), func(rule lint.Rule) bool { return rule.ID == id }) {
			return nil, fmt.Errorf("--disable %q: there is no such rule", id)
		}
	}
	return write, nil
}

// lintSources are the scalers that serve has, without anything to ask, and with every connection taken to be there.
func lintSources() map[string]lint.Source {
	sources := map[string]lint.Source{}
	build := assumedSources().factories(slog.New(slog.DiscardHandler))
	for name, keys := range keyTables() {
		sources[name] = lint.Source{Keys: keys, Build: build[name]}
	}
	return sources
}
