package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/lagwise/lagwise/internal/audit"
	"github.com/lagwise/lagwise/internal/config"
	"github.com/lagwise/lagwise/internal/gather"
	"github.com/lagwise/lagwise/internal/lint"
	"github.com/lagwise/lagwise/scalers"
	"github.com/lagwise/lagwise/scalers/kafka/cluster"
)

// Exit codes of audit beside 0 and 1, which are of what it found.
const (
	codeNotAudited   = 2
	codeNotAllKnown  = 3
	auditsConnection = "AUTHENTICATION=CONNECTION"
)

// auditFlags are what a user says about how to audit.
type auditFlags struct {
	kubectl         gather.Kubectl
	namespace       string
	all             bool
	config          string
	connections     map[string]string
	watch, interval time.Duration
	tolerance       float64
	output, html    string
}

func auditCommand() *cobra.Command {
	var flags auditFlags
	command := &cobra.Command{
		Use:   "audit",
		Short: "Compare what KEDA answers in a cluster with what lagwise would, and say what moving each trigger over takes",
		Long: `Compare what KEDA answers in a cluster with what lagwise would, for every ScaledObject and ScaledJob with a trigger of
lagwise's or one of KEDA's own (` + builtinTypes() + `). It changes nothing: Kubernetes is read by
"kubectl get" alone, and brokers are observed from where audit runs, as lagwise serve observes them.

Exit codes: 0 where both say the same and nothing is in the way; 1 where they differ, where lint finds an error, or where
a trigger cannot be moved over as it is; 2 where the cluster or the configuration cannot be read, or a flag is wrong; 3 where
lagwise could not be asked about some trigger, and nothing else is wrong.`,
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error { return flags.run(command) },
	}
	flags.define(command.Flags())
	return misusedAs(codeNotAudited, command)
}

func (f *auditFlags) define(flags *pflag.FlagSet) {
	flags.StringVar(&f.kubectl.Path, "kubectl", "kubectl", "the kubectl to read the cluster with")
	flags.StringVar(&f.kubectl.Kubeconfig, "kubeconfig", "", "kubectl's configuration file; its own choice unless given")
	flags.StringVar(&f.kubectl.Context, "context", "", "the context in it; the current one unless given")
	flags.StringVarP(&f.namespace, "namespace", "n", "", "the only namespace to look at")
	flags.BoolVarP(&f.all, "all-namespaces", "A", false, "look at all namespaces, as it does unless told otherwise")
	flags.StringVar(&f.config, "config", "", "lagwise's configuration file, whose connections hold the credentials")
	flags.StringToStringVar(&f.connections, "connection", nil, "which connection stands for a TriggerAuthentication, as "+auditsConnection+"; its namespace may stand before it, as in shop/kafka=prod")
	flags.DurationVar(&f.watch, "watch", 0, "ask both again and again for so long, such as 24h, and report where they differed")
	flags.DurationVar(&f.interval, "interval", 30*time.Second, "how often --watch asks")
	flags.Float64Var(&f.tolerance, "tolerance", 5, "how many percent KEDA's number may be off while the lag moves")
	flags.StringVarP(&f.output, "output", "o", "table", "how to write the report: table or json")
	flags.StringVar(&f.html, "html", "", "write the report as one page into this file as well")
}

func (f *auditFlags) run(command *cobra.Command) error {
	if err := f.check(); err != nil {
		return &exit{codeNotAudited, err}
	}
	settings, err := settingsFrom(f.config)
	if err != nil {
		return &exit{codeNotAudited, err}
	}
	tell := func(text string) {
		_, _ = fmt.Fprintln(escaping{command.ErrOrStderr()}, time.Now().UTC().Format(time.TimeOnly), text) // nobody may be reading
	}
	var found audit.Found
	auditedBy(command.Context(), settings, func(build gather.Build) {
		found, err = f.auditor(settings, build, tell).Run(command.Context())
	})
	if err != nil {
		return &exit{codeNotAudited, err}
	}
	report := audit.ReportOn(found)
	if err := f.write(command.OutOrStdout(), report); err != nil {
		return &exit{codeNotAudited, err}
	}
	return exitOf(report)
}

func (f *auditFlags) check() error {
	switch {
	case f.namespace != "" && f.all:
		return errors.New("--namespace and --all-namespaces exclude each other")
	case f.output != "table" && f.output != "json":
		return fmt.Errorf("--output %q: want table or json", f.output)
	case f.watch < 0:
		return fmt.Errorf("--watch %v: want a time such as 24h", f.watch)
	case f.interval < time.Second:
		return fmt.Errorf("--interval %v: want at least 1s", f.interval)
	case f.tolerance < 0 || f.tolerance > 100:
		return fmt.Errorf("--tolerance %g: want percent, from 0 to 100", f.tolerance)
	default:
		return nil
	}
}

// auditedBy has somebody look with what makes the scaler of a trigger as serve would.
func auditedBy(ctx context.Context, settings config.Config, look func(gather.Build)) {
	quiet := slog.New(slog.DiscardHandler) // what is wrong is in the report
	sources := openSources(settings, cluster.Options{Log: quiet}, quiet)
	known := sources.factories(quiet)
	build := func(scaler string, trigger scalers.Trigger) scalers.Scaler {
		factory, found := known[scaler]
		if !found {
			return scalers.NewRefused(scalers.Metric{}, scalers.Errorf(scalers.CauseRefused, "lagwise has no scaler %s", scalers.Quote(scaler)))
		}
		return factory(trigger)
	}
	observing(ctx, func() { look(build) }, sources.runs()...)
}

func (f *auditFlags) auditor(settings config.Config, build gather.Build, tell func(string)) *gather.Auditor {
	linter := lint.Linter{Sources: lintSources(), Today: time.Now()}
	known := audit.Known{Keys: keyTables(), Chosen: f.connections}
	for name, grant := range kafkaGrants(settings) {
		known.Connections = append(known.Connections, audit.Connection{Name: name, Servers: grant.Connection.BootstrapServers})
	}
	return &gather.Auditor{
		Kubectl: f.kubectl, Namespace: f.namespace, Known: known, Linter: linter, Build: build, Watch: f.watch, Interval: f.interval,
		Tolerance: f.tolerance / 100, Refresh: settings.RefreshInterval, Version: version(), Tell: tell,
	}
}

func (f *auditFlags) write(out io.Writer, report audit.Report) error {
	if f.html != "" {
		if err := writeWhole(f.html, report.HTML); err != nil {
			return err
		}
	}
	if f.output == "json" {
		return writeJSON(out, report)
	}
	return report.Text(out, colourful(out))
}

// writeWhole writes a file as a whole or not at all. It holds names of topics and groups, so it is its owner's alone.
func writeWhole(path string, write func(io.Writer) error) error {
	file, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return fmt.Errorf("writing the page: %w", err)
	}
	err = errors.Join(write(file), file.Close())
	if err == nil {
		err = os.Rename(file.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("writing the page: %w", errors.Join(err, os.Remove(file.Name())))
	}
	return nil
}

func exitOf(report audit.Report) error {
	switch report.Outcome() {
	case audit.SomeWrong:
		return errors.New("there is something to look at: " + report.Counts())
	case audit.SomeUnanswered:
		return &exit{codeNotAllKnown, errors.New("lagwise could not be asked about every trigger: " + report.Counts())}
	case audit.AllSame:
		return nil
	default:
		return nil
	}
}
