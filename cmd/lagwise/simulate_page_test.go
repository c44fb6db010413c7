package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var updateSimulate = flag.Bool("update-simulate", false, "write docs/simulate.md's figures and its chart")

const (
	simulatePage  = "../../docs/simulate.md"
	simulateChart = "../../docs/simulate.svg"
)

// What docs/simulate.md shows is what the command prints, and what the comparison with the closed loop comes to.
func TestPageOfSimulate(t *testing.T) {
	t.Parallel()
	content, err := os.ReadFile(simulatePage)
	if err != nil {
		t.Fatal(err)
	}
	page := string(content)
	chart := filepath.Join(t.TempDir(), "chart.svg")
	want := between(t, page, "closed-loop", comparison(replayAll(t)))
	for i, mark := range []string{"run", "run-queue"} {
		want = between(t, want, mark, exampleRun(t, page, i, chart))
	}
	drawn, err := os.ReadFile(chart)
	if err != nil {
		t.Fatal(err)
	}
	shown, err := os.ReadFile(simulateChart)
	if *updateSimulate {
		for path, fresh := range map[string][]byte{simulatePage: []byte(want), simulateChart: drawn} {
			if err := os.WriteFile(path, fresh, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		return
	}
	if err != nil || !bytes.Equal(shown, drawn) || page != want {
		t.Errorf("docs/simulate.md or its chart is stale (%v): run \"make docs\"; want\n%s", err, want)
	}
}

// exampleRun runs one of the page's commands, of which 0 is the first.
func exampleRun(t *testing.T, page string, which int, chart string) string {
	t.Helper()
	for _, block := range blocksOf(page) {
		command, found := strings.CutPrefix(strings.ReplaceAll(block.text, "\\\n", " "), "lagwise ")
		if block.language != "sh" || !found {
			continue
		}
		if which--; which >= 0 {
			continue
		}
		args := strings.Fields(command)
		for i, arg := range args {
			switch {
			case strings.HasPrefix(arg, "examples/"):
				args[i] = "../../" + arg
			case strings.HasSuffix(arg, ".svg"):
				args[i] = chart
			}
		}
		var stdout, stderr bytes.Buffer
		if code := run(t.Context(), args, &stdout, &stderr); code != 0 {
			t.Fatalf("%v: %s", args, stderr.String())
		}
		var trimmed strings.Builder
		for line := range strings.Lines(stdout.String()) {
			trimmed.WriteString(strings.TrimRight(line, " \n") + "\n")
		}
		return "```text\n" + trimmed.String() + "```\n"
	}
	t.Fatal("the page shows too few commands")
	return ""
}

func comparison(replays []faithful) string {
	var text strings.Builder
	text.WriteString("| partitions | consumers commit | trigger | drain time, simulated against real | replicas differ by more than one | moved by at most |\n|---|---|---|---|---|---|\n")
	for _, f := range replays {
		var drained []string
		for i, off := range f.drained {
			drained = append(drained, fmt.Sprintf("%.1f/%.1f s (%+.0f %%)", *f.played.Bursts[i].Drained, f.loop.Drained[i], 100*off))
		}
		fmt.Fprintf(&text, "| %d | %s | `%s` | %s | %.1f of %.0f s | %.1f s |\n", f.partitions, f.loop.Commit, f.loop.Trigger, strings.Join(drained, ", "), f.off,
			f.played.Points[len(f.played.Points)-1].At-lead.Seconds(), f.slack)
	}
	return text.String()
}

// between exchanges what stands between two marks.
func between(t *testing.T, page, mark, fresh string) string {
	t.Helper()
	begin, end := "<!-- "+mark+":begin -->\n", "<!-- "+mark+":end -->"
	before, rest, found := strings.Cut(page, begin)
	_, after, ended := strings.Cut(rest, end)
	if !found || !ended {
		t.Fatalf("the page has no marks %q", mark)
	}
	return before + begin + fresh + end + after
}
