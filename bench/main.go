// Command bench measures lagwise on one real Apache Kafka broker, and one real RabbitMQ, each figure beside a peer that is measured in the same
// run, and prints one table. It runs lagwise as users run it, as a process of its own, and reads what that process costs
// from outside: from /proc and from the broker's own metrics. So it needs Linux, Java 17 and Kafka's jars (make bench
// fetches them).
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/lagwise/lagwise/test/process"
)

// measurement is one thing to measure, which may give several figures.
type measurement struct {
	name string
	run  func(context.Context, *lab, *report) error
}

func measurements() []measurement {
	return []measurement{
		{"latency", measureLatencyOfOne},
		{"fleet", measureLatencyOfMany},
		{"idle", measureIdle},
		{"churn", measureChurn},
		{"tailing", measureTailing},
		{"rabbitmq", measureRabbitMQ},
		{"rpc", measureCalls},
		{"scale", measureScale},
		{"fake", measureFake},
	}
}

func main() {
	var names []string
	for _, m := range measurements() {
		names = append(names, m.name)
	}
	only := flag.String("only", "", "measure only these, separated by commas: "+strings.Join(names, ", "))
	quick := flag.Bool("quick", false, "a tenth of everything, to try the program; the goals are not meant for it")
	out := flag.String("out", "", "write the figures to this file, as JSON")
	built := flag.String("lagwise", "", "measure this program, such as an image's, instead of building one")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, *only, *built, *quick, *out)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, only, built string, quick bool, out string) (err error) {
	chosen, err := choose(only)
	if err != nil {
		return err
	}
	fmt.Fprintln(os.Stderr, "bench: starting Kafka")
	laboratory, err := newLab(ctx, sizeOf(quick))
	if err != nil {
		return err
	}
	defer laboratory.close()
	if built != "" {
		if err := laboratory.take("lagwise", built); err != nil {
			return err
		}
	}
	result := &report{Machine: process.Machine(), Quick: quick}
	var failed error
	for _, m := range chosen {
		if ctx.Err() != nil {
			break
		}
		fmt.Fprintln(os.Stderr, "bench: measuring", m.name)
		before := len(result.Figures)
		if err := m.run(ctx, laboratory, result); err != nil { // the others are worth having all the same
			err = fmt.Errorf("measuring %s: %w", m.name, err)
			fmt.Fprintln(os.Stderr, "bench:", err)
			failed = errors.Join(failed, err)
		}
		for i := before; i < len(result.Figures); i++ {
			if quick { // the goals are for whole fleets
				result.Figures[i].Goals = nil
			}
			fmt.Fprintln(os.Stderr, result.Figures[i].line())
		}
	}
	fmt.Printf("%s\n\n%s\n", result.Machine, result.table())
	if out == "" {
		return failed
	}
	return errors.Join(failed, result.write(out))
}

// choose keeps the order of measurements, whatever order they are asked for in.
func choose(only string) ([]measurement, error) {
	if only == "" {
		return measurements(), nil
	}
	wanted := map[string]bool{}
	for name := range strings.SplitSeq(only, ",") {
		wanted[name] = true
	}
	var chosen []measurement
	for _, m := range measurements() {
		if wanted[m.name] {
			chosen = append(chosen, m)
			delete(wanted, m.name)
		}
	}
	for name := range wanted {
		return nil, fmt.Errorf("-only %s: there is no such measurement", name)
	}
	return chosen, nil
}
