package main

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/lagwise/lagwise/internal/hpa"
	"github.com/lagwise/lagwise/internal/manifest"
	"github.com/lagwise/lagwise/internal/scaling"
	"github.com/lagwise/lagwise/internal/simulate"
	"github.com/lagwise/lagwise/scalers/newrelic/nerdgraph"
)

//go:generate go test . -count=1 -run ^TestPageOfSimulate$ -update-simulate

// simulateFlags are what a user says about what comes, who works on it, and how to show what becomes of it.
type simulateFlags struct {
	workload      string
	answers       string
	bursts        []float64
	at            []time.Duration
	rate          float64
	beginning     string
	initial       int32
	name          string
	compare       bool
	format, chart string
	setup         simulate.Setup
	commit        string
}

func simulateCommand() *cobra.Command {
	var flags simulateFlags
	command := &cobra.Command{
		Use:   "simulate FILE|-",
		Short: "Play a workload through a ScaledObject, and show what becomes of lag and replicas",
		Long: `Play a workload through a ScaledObject, and show what becomes of lag and replicas: with lagwise's own rules, KEDA's
activation and cool-down, and the HPA's algorithm. Nothing is asked and nothing waits: time is simulated. Triggers of lagwise and
KEDA's own of the same kinds can be played; others, such as cpu, are left out. docs/simulate.md tells how near it comes to the real thing.

The workload is --burst, --rate or --workload, a CSV file of two columns: seconds from the beginning, and the records per second
from then on. Records are messages where a trigger reads a RabbitMQ queue. What a New Relic query answers is made of the workload by
--answer-factor, or stands in --answers, a CSV file of seconds and the number from then on.`,
		Example: `  lagwise simulate scaledobject.yaml --burst 6000 --partitions 12 --per-replica 5 --compare
  lagwise simulate scaledobject.yaml --workload yesterday.csv --per-replica 40 --for 24h --chart day.html`,
		Args: cobra.ExactArgs(1),
		RunE: func(command *cobra.Command, paths []string) error {
			return play(command, paths[0], flags)
		},
	}
	flags.declare(command)
	return command
}

func (f *simulateFlags) declare(command *cobra.Command) {
	set := command.Flags()
	set.Float64SliceVar(&f.bursts, "burst", nil, "records that come at once; may be given several times")
	set.DurationSliceVar(&f.at, "at", []time.Duration{time.Minute}, "when each burst comes; one time for several bursts is the pause before each")
	set.Float64Var(&f.rate, "rate", 0, "records per second that come all the time")
	set.StringVar(&f.workload, "workload", "", "CSV file of records per second instead")
	set.StringVar(&f.answers, "answers", "", "CSV file of what New Relic queries answer")
	set.Float64Var(&f.setup.Number.Factor, "answer-factor", 1, "what New Relic queries answer instead for each record per second, in the mean of a minute; 10 for rate(count(*), 10 SECOND)")
	set.DurationVar(&f.setup.Number.Every, "query-interval", nerdgraph.DefaultInterval, "the New Relic connection's queryInterval")
	set.IntVar(&f.setup.Partitions, "partitions", 0, "partitions of the topic; 1 unless given")
	set.Float64Var(&f.setup.Skew, "skew", 0, "how unevenly records fall into partitions: partition n gets 1/(n+1)^skew of what the first one gets")
	set.Float64Var(&f.setup.Replicas.PerSecond, "per-replica", 0, "records per second that one replica gets done; needed")
	set.DurationVar(&f.setup.Replicas.Start, "pod-start", 10*time.Second, "time from a pod's creation until it joins its group, or consumes")
	set.DurationVar(&f.setup.Replicas.Heartbeat, "heartbeat", 3*time.Second, "the group's heartbeat.interval.ms: how soon members notice that another came or went")
	set.IntVar(&f.setup.Replicas.Prefetch, "prefetch", 0, "messages of a queue that a replica holds unacknowledged; 1 unless given")
	set.StringVar(&f.commit, "commit", string(simulate.CommitAfter), "when a record is committed, or a message acknowledged: before or after the work on it, or queued, long before")
	set.DurationVar(&f.setup.Replicas.CommitEvery, "commit-every", 0, "time between two commits; 0 commits each record")
	set.Int32Var(&f.initial, "replicas", -1, "replicas in the beginning; minReplicaCount or idleReplicaCount unless given")
	set.DurationVar(&f.setup.During, "for", 30*time.Minute, "how long to play")
	set.StringVar(&f.beginning, "from", "2026-01-05T00:00:00Z", "the beginning, for windows of time")
	set.DurationVar(&f.setup.PollAfter, "poll-after", -1, "when KEDA polls first; half an interval unless given")
	set.DurationVar(&f.setup.Sync, "hpa-sync", hpa.DefaultSync, "the HPA's sync period")
	set.DurationVar(&f.setup.SyncAfter, "hpa-sync-after", -1, "when the HPA looks first; half a period unless given")
	set.DurationVar(&f.setup.Refresh, "refresh", 5*time.Second, "lagwise's refreshInterval")
	set.StringVar(&f.name, "name", "", "which ScaledObject, where the file holds several")
	set.BoolVar(&f.compare, "compare", false, "play KEDA's own triggers beside it: polled, and without lagwise's keys")
	set.StringVar(&f.format, "format", "text", "how to write the figures: "+strings.Join(slices.Sorted(maps.Keys(simulate.Formats())), ", "))
	set.StringVar(&f.chart, "chart", "", "file for a chart, by its name SVG or HTML")
}

func play(command *cobra.Command, path string, flags simulateFlags) error {
	write, known := simulate.Formats()[flags.format]
	if !known {
		return fmt.Errorf("--format %q: want one of %s", flags.format, strings.Join(slices.Sorted(maps.Keys(simulate.Formats())), ", "))
	}
	workload, err := oneScaledObject(path, flags.name, command.InOrStdin())
	if err != nil {
		return err
	}
	setup, err := flags.read(workload.Spec)
	if err != nil {
		return err
	}
	variants := []variant{{"as written", workload}}
	if flags.compare {
		variants = append(variants, variant{"KEDA's own", asKEDA(workload)})
	}
	var results []simulate.Result
	var leftOut []manifest.Trigger
	for _, v := range variants {
		if setup.Triggers, leftOut, err = playable(v.workload); err != nil {
			return err
		}
		result, err := simulate.Run(command.Context(), setup)
		switch {
		case err != nil && len(results) > 0:
			return fmt.Errorf("%s: KEDA's own triggers have nothing like it: %w", path, err)
		case err != nil:
			return fmt.Errorf("%s: %w", path, err)
		}
		result.Name = v.name
		results = append(results, result)
	}
	for _, trigger := range leftOut {
		_, _ = fmt.Fprintln(command.ErrOrStderr(), tellOf(trigger))
	}
	if flags.chart != "" {
		if err := writeChart(flags.chart, results); err != nil {
			return err
		}
	}
	return write(command.OutOrStdout(), results)
}

type variant struct {
	name     string
	workload manifest.Workload
}

func writeChart(path string, results []simulate.Result) error {
	chart := simulate.SVG(results)
	if strings.HasSuffix(path, ".html") {
		chart = simulate.HTML(results)
	}
	if err := os.WriteFile(path, []byte(chart), 0o644); err != nil { //nolint:gosec // a picture for everybody
		return fmt.Errorf("write the chart: %w", err)
	}
	return nil
}

// oneScaledObject finds the one to play.
func oneScaledObject(path, name string, stdin io.Reader) (manifest.Workload, error) {
	workloads, err := manifest.Open([]string{path}, stdin)
	if err != nil {
		return manifest.Workload{}, err
	}
	var names []string
	var found []manifest.Workload
	for _, w := range workloads {
		if w.Kind != manifest.ScaledObject {
			continue
		}
		names = append(names, w.Name)
		if name == "" || w.Name == name {
			found = append(found, w)
		}
	}
	switch {
	case len(names) == 0 && len(workloads) > 0:
		return manifest.Workload{}, fmt.Errorf("%s: a ScaledJob cannot be simulated yet", path)
	case len(found) == 1 && len(found[0].Problems) > 0:
		return manifest.Workload{}, found[0].Problems[0]
	case len(found) == 1 && found[0].Spec.ScalingModifiers != nil:
		return manifest.Workload{}, fmt.Errorf("%s: scalingModifiers cannot be simulated yet", path)
	case len(found) == 1:
		return found[0], nil
	default:
		return manifest.Workload{}, fmt.Errorf("%s: want one ScaledObject, and it has %d (%s): say which by --name", path, len(found), strings.Join(names, ", "))
	}
}

// read makes a setup of the flags and a ScaledObject, all but its triggers.
func (f simulateFlags) read(spec manifest.Spec) (simulate.Setup, error) {
	setup := f.setup
	setup.Object, setup.Autoscaler, setup.Polling = scaling.Object(spec), scaling.Autoscaler(spec), scaling.Polling(spec)
	setup.Replicas.Commit = simulate.Commit(f.commit)
	if setup.Initial = f.initial; f.initial < 0 {
		setup.Initial = setup.Object.Resting()
	}
	if setup.PollAfter < 0 {
		setup.PollAfter = setup.Polling / 2
	}
	if setup.SyncAfter < 0 {
		setup.SyncAfter = setup.Sync / 2
	}
	var err error
	if setup.From, err = time.Parse(time.RFC3339, f.beginning); err != nil {
		return simulate.Setup{}, fmt.Errorf("--from: want a time such as 2026-01-05T06:30:00+09:00: %w", err)
	}
	if setup.Arrivals, err = f.arrivals(); err != nil {
		return simulate.Setup{}, err
	}
	if f.answers != "" {
		if setup.Number.Course, err = stepsOf(f.answers, simulate.ReadNumbers); err != nil {
			return simulate.Setup{}, fmt.Errorf("--answers: %w", err)
		}
	}
	return setup, setup.Check()
}

func (f simulateFlags) arrivals() (simulate.Arrivals, error) {
	var a simulate.Arrivals
	if len(f.at) != 1 && len(f.at) != len(f.bursts) {
		return a, fmt.Errorf("%d times for %d bursts: give --at once, or for each --burst", len(f.at), len(f.bursts))
	}
	for i, records := range f.bursts {
		at := time.Duration(i+1) * f.at[0]
		if len(f.at) > 1 {
			at = f.at[i]
		}
		a.Bursts = append(a.Bursts, simulate.Burst{At: at, Records: records})
	}
	switch {
	case f.workload != "" && f.rate > 0:
		return a, errors.New("--rate and --workload exclude each other")
	case f.rate > 0:
		a.Rates = []simulate.Step{{Value: f.rate}}
	case f.workload != "":
		var err error
		if a.Rates, err = stepsOf(f.workload, simulate.ReadRates); err != nil {
			return a, fmt.Errorf("--workload: %w", err)
		}
	}
	if len(a.Bursts)+len(a.Rates) == 0 {
		return a, errors.New("nothing comes: give --burst, --rate or --workload")
	}
	return a, nil
}

// stepsOf reads a course from a file.
func stepsOf(path string, read func(io.Reader) ([]simulate.Step, error)) ([]simulate.Step, error) {
	file, err := os.Open(path) //nolint:gosec // the file that the user names
	if err != nil {
		return nil, err //nolint:wrapcheck // it says what was to be done, and with which file
	}
	defer func() { _ = file.Close() }() // nothing was written
	steps, err := read(file)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return steps, nil
}
