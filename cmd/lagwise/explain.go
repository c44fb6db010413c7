package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"go.yaml.in/yaml/v3"

	"github.com/lagwise/lagwise/internal/config"
	"github.com/lagwise/lagwise/internal/explain"
	"github.com/lagwise/lagwise/internal/lint"
	"github.com/lagwise/lagwise/internal/manifest"
	"github.com/lagwise/lagwise/internal/scaling"
	"github.com/lagwise/lagwise/scalers"
	"github.com/lagwise/lagwise/scalers/kafka"
	"github.com/lagwise/lagwise/scalers/kafka/cluster"
)

// explainFlags are what a user says about how to explain.
type explainFlags struct {
	config, namespace, connection, server, output string
	files                                         []string
	environment                                   map[string]string
	timeout, observe                              time.Duration
	replicas, pending                             int32
	hasReplicas, all                              bool
}

const (
	codeRefused  = 2
	codeNoAnswer = 3
)

func explainCommand(source cluster.Options) *cobra.Command {
	var flags explainFlags
	command := &cobra.Command{
		Use:   "explain FILE|FOLDER|-... | --server URL NAMESPACE/NAME",
		Short: "Say why a trigger asks for what it asks for, and how many replicas that makes",
		Long: `Say why the triggers of a ScaledObject or ScaledJob ask for what they ask for: what waits in each partition, each
rule with what it changed and the key that chose it, the metric, and the replicas that KEDA and the HPA come to, with what bounds
them. It asks the sources itself, with the configuration that "lagwise serve" would have (--config, LAGWISE_* variables), joins no
group and commits nothing. KEDA's own triggers work as well: ` + builtinTypes() + `.

With --server it asks a running lagwise what it answers KEDA; -f then adds the manifest, which replicas need.

Exit codes: 0 where every trigger has an answer, 2 where a trigger is refused (its author has to mend it: a wrong key, no such
topic, no permission), 3 where a source does not answer, or not in time, and 1 for anything else, such as a file that cannot be read.`,
		RunE: func(command *cobra.Command, args []string) error {
			flags.hasReplicas = command.Flags().Changed("replicas")
			write, err := flags.writer(command.OutOrStdout())
			if err != nil {
				return err
			}
			ctx, cancel := context.WithTimeout(command.Context(), flags.timeout+flags.observe)
			defer cancel()
			reports, err := flags.reports(ctx, command, args, source)
			if err := errors.Join(err, command.Context().Err()); err != nil {
				return err
			}
			for _, report := range reports {
				if err := write(report); err != nil {
					return err
				}
			}
			return worst(reports)
		},
	}
	flags.register(command.Flags())
	return command
}

func (f *explainFlags) register(flags *pflag.FlagSet) {
	flags.StringArrayVarP(&f.files, "file", "f", nil, `a manifest, a folder of them, or "-"; the same as naming it without -f`)
	flags.StringVar(&f.server, "server", "", "ask a running lagwise by the address of its status page, such as http://127.0.0.1:8081")
	flags.StringVar(&f.config, "config", "", "configuration file (YAML), for connections")
	flags.StringVar(&f.connection, "connection", "", "named connection for triggers that name none, in place of their authenticationRef")
	flags.StringVarP(&f.namespace, "namespace", "n", "default", "namespace of manifests that name none")
	flags.StringToStringVar(&f.environment, "env", nil, "variables of the workload's container, for keys such as topicFromEnv: NAME=VALUE")
	flags.Int32Var(&f.replicas, "replicas", 0, "replicas, or jobs, that run now (default: as few as there may be)")
	flags.Int32Var(&f.pending, "pending", 0, "of a ScaledJob's jobs those that have not begun")
	flags.DurationVar(&f.timeout, "timeout", 15*time.Second, "how long to wait for the sources")
	flags.DurationVar(&f.observe, "observe", 0, "go on observing for so long before answering, for rules that look back")
	flags.StringVarP(&f.output, "output", "o", "text", "text, json or yaml: an object for each ScaledObject or ScaledJob")
	flags.BoolVar(&f.all, "all", false, "show every partition, rather than those that matter")
}

// reports asks either the sources or a running lagwise.
func (f *explainFlags) reports(ctx context.Context, command *cobra.Command, args []string, source cluster.Options) ([]explain.Report, error) {
	if f.server != "" {
		return f.ofServer(ctx, command, args)
	}
	workloads, err := open(command.InOrStdin(), append(args, f.files...))
	if err != nil {
		return nil, err
	}
	for _, w := range workloads {
		for _, problem := range w.Problems {
			_, _ = fmt.Fprintf(command.ErrOrStderr(), "%v; it counts as not written\n", problem)
		}
	}
	settings, err := settingsFrom(f.config)
	if err != nil {
		return nil, err
	}
	return f.ofFiles(ctx, settings, workloads, source), nil
}

func open(stdin io.Reader, paths []string) ([]manifest.Workload, error) {
	if len(paths) == 0 {
		return nil, errors.New(`name a manifest to explain, or "-"`)
	}
	workloads, err := manifest.Open(paths, stdin)
	if err != nil {
		return nil, fmt.Errorf("reading manifests: %w", err)
	}
	if len(workloads) == 0 {
		return nil, fmt.Errorf("no ScaledObject and no ScaledJob in %s", strings.Join(paths, ", "))
	}
	return workloads, nil
}

// ofFiles builds the scalers that serve would, and has all of them observe at the same time.
//
// That ctx ended is in the reports.
func (f *explainFlags) ofFiles(ctx context.Context, settings config.Config, workloads []manifest.Workload, source cluster.Options) []explain.Report {
	reading := explain.Reading{
		Keys: keyTables(), Answers: lint.Answers, Namespace: f.namespace, Connection: f.connection, Environment: f.environment,
	}
	var questions []explain.Question
	for _, w := range workloads {
		questions = append(questions, reading.Questions(w)...)
	}
	answers := ask(ctx, settings, source, questions, f.observe)
	reports := make([]explain.Report, len(workloads))
	for i, w := range workloads {
		reports[i] = explain.Report{Kind: w.Kind, Namespace: reading.NamespaceOf(w), Name: w.Name, Triggers: answers[:len(w.Triggers)]}
		f.scale(&reports[i], w)
		answers = answers[len(w.Triggers):]
	}
	return reports
}

func ask(ctx context.Context, settings config.Config, source cluster.Options, questions []explain.Question, observe time.Duration) (answers []explain.Trigger) {
	sources := openSources(settings, source, slog.New(slog.DiscardHandler))
	build := sources.inspectors(slog.New(slog.DiscardHandler))
	observing(ctx, func() { answers = explain.Ask(ctx, build, questions, observe) }, sources.runs()...)
	return answers
}

// inspectors are serve's scalers, where they can show more of their sources than they need.
func (s sources) inspectors(log *slog.Logger) map[string]scalers.Factory {
	made := s.factories(log)
	made["kafka"] = kafka.NewInspector(s.observe, s.connections, log)
	return made
}

// ofServer asks a running lagwise about one ScaledObject or ScaledJob.
func (f *explainFlags) ofServer(ctx context.Context, command *cobra.Command, args []string) ([]explain.Report, error) {
	if len(args) != 1 || strings.Count(args[0], "/") != 1 {
		return nil, errors.New("with --server, say which ScaledObject or ScaledJob: NAMESPACE/NAME")
	}
	namespace, name, _ := strings.Cut(args[0], "/")
	report, err := explain.AskServer(ctx, f.server, namespace, name)
	if _, unanswered := errors.AsType[*explain.UnansweredError](err); unanswered {
		return nil, &exit{codeNoAnswer, err}
	}
	if err != nil || len(f.files) == 0 {
		return []explain.Report{report}, err
	}
	workloads, err := open(command.InOrStdin(), f.files)
	if err != nil {
		return nil, err
	}
	for _, w := range workloads {
		if w.Name == name && (w.Namespace == "" || w.Namespace == namespace) {
			report.Kind = w.Kind
			f.scale(&report, w)
			return []explain.Report{report}, nil
		}
	}
	return nil, fmt.Errorf("no ScaledObject and no ScaledJob %s in %s", args[0], strings.Join(f.files, ", "))
}

// scale adds what KEDA and the HPA make of the triggers.
func (f *explainFlags) scale(report *explain.Report, w manifest.Workload) {
	switch {
	case w.Kind == manifest.ScaledJob:
		report.Jobs = explain.JobsOf(w, report.Triggers, int64(f.replicas), int64(f.pending))
	case f.hasReplicas:
		report.Replicas = explain.ReplicasOf(w, report.Triggers, f.replicas)
	default:
		report.Replicas = explain.ReplicasOf(w, report.Triggers, scaling.Object(w.Spec).Resting())
	}
}

// writer writes a report in the form that was asked for.
func (f *explainFlags) writer(to io.Writer) (func(explain.Report) error, error) {
	switch f.output {
	case "text":
		first := true
		return func(report explain.Report) error {
			if !first {
				if _, err := fmt.Fprintln(to); err != nil {
					return err //nolint:wrapcheck // nothing to add about a closed output
				}
			}
			first = false
			return report.Write(to, explain.Style{Colour: colourful(to), All: f.all})
		}, nil
	case "json":
		return func(report explain.Report) error { return writeJSON(to, report) }, nil
	case "yaml":
		encoder := yaml.NewEncoder(to)
		encoder.SetIndent(2)
		return func(report explain.Report) error { return encoder.Encode(report) }, nil
	default:
		return nil, fmt.Errorf("--output %q: want text, json or yaml", f.output)
	}
}

// writeJSON escapes what acts on a terminal, line by line.
func writeJSON(to io.Writer, report any) error {
	text, err := json.MarshalIndent(report, "", "  ")
	if err != nil {
		return fmt.Errorf("writing JSON: %w", err)
	}
	for line := range strings.SplitSeq(string(text), "\n") {
		if _, err := io.WriteString(escaping{to}, line+"\n"); err != nil {
			return err //nolint:wrapcheck // nothing to add about a closed output
		}
	}
	return nil
}

// worst is the exit code that the reports are worth: what somebody has to mend comes before what may pass.
func worst(reports []explain.Report) error {
	var unanswered error
	for _, report := range reports {
		for _, trigger := range report.Triggers {
			switch {
			case trigger.Failure == nil:
			case trigger.Failure.Mendable():
				return &exit{codeRefused, fmt.Errorf("%s/%s: %s", report.Namespace, report.Name, trigger.Failure.Text)}
			default:
				unanswered = &exit{codeNoAnswer, fmt.Errorf("%s/%s: %s", report.Namespace, report.Name, trigger.Failure.Text)}
			}
		}
	}
	return unanswered
}
