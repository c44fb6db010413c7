package main

import (
	"context"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
)

// measureFake runs the benchmark of 30,000 triggers, the number that users asked KEDA for. Its Kafka is a fake, so it
// shows what lagwise itself needs and nothing of a broker.
func measureFake(ctx context.Context, _ *lab, r *report) error {
	benchmark := exec.CommandContext(ctx, "go", "test", "-run", "^$", "-bench", "^BenchmarkThirtyThousand$", "-benchtime", "5x", "./scalers/kafka/cluster")
	benchmark.Dir = ".."
	output, err := benchmark.CombinedOutput()
	if err != nil {
		return fmt.Errorf("%w\n%s", err, output)
	}
	for line := range strings.Lines(string(output)) {
		fields := strings.Fields(line)
		for i := 1; i < len(fields); i++ {
			name, unit, found := strings.Cut(fields[i], "-in-")
			if !found {
				continue
			}
			value, err := strconv.ParseFloat(fields[i-1], 64)
			if err != nil {
				return fmt.Errorf("reading the benchmark's output: %w", err)
			}
			r.Figures = append(r.Figures, figure{Name: strings.ReplaceAll(name, "-", " ") + ", 30,000 triggers on a fake Kafka", Value: value, Unit: unit})
		}
	}
	return nil
}
