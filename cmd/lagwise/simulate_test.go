package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lagwise/lagwise/internal/simulate"
)

// simulated by the command, as JSON.
func played(t *testing.T, args ...string) []simulate.Result {
	t.Helper()
	var stdout, stderr bytes.Buffer
	if code := run(t.Context(), append([]string{"simulate", "--format", "json"}, args...), &stdout, &stderr); code != 0 {
		t.Fatalf("simulate %v: exit code %d: %s", args, code, stderr.String())
	}
	var results []simulate.Result
	if err := json.Unmarshal(stdout.Bytes(), &results); err != nil {
		t.Fatal(err)
	}
	return results
}

func TestSimulateShowsThatAPushWaitsForNoPoll(t *testing.T) {
	t.Parallel()
	results := played(t, "../../examples/kafka-push.yaml", "--burst", "300", "--per-replica", "5", "--partitions", "4", "--compare")
	pushed, polled := results[0].Bursts[0], results[1].Bursts[0]
	if *pushed.Replica > 0.1 {
		t.Errorf("a push takes %.2f s", *pushed.Replica)
	}
	if *polled.Replica < 14.9 || *polled.Replica > 15.1 {
		t.Errorf("the poll comes after %.2f s, want half of pollingInterval", *polled.Replica)
	}
	if results[0].Left != 0 || results[1].Left != 0 {
		t.Errorf("left: %d and %d", results[0].Left, results[1].Left)
	}
}

func TestSimulateShowsWhatRulesDo(t *testing.T) {
	t.Parallel()
	t.Run("queued work is lost without quietPeriod", func(t *testing.T) {
		t.Parallel()
		results := played(t, "../../examples/kafka-quiet.yaml", "--burst", "240", "--partitions", "6", "--per-replica", "1", "--commit", "queued", "--compare")
		if kept, lost := results[0].Lost, results[1].Lost; kept != 0 || lost == 0 {
			t.Errorf("%d are lost with quietPeriod, and %d without", kept, lost)
		}
	})
	t.Run("a burst is gone in the time that it shall be", func(t *testing.T) {
		t.Parallel()
		results := played(t, "../../examples/kafka-in-time.yaml", "--burst", "5000", "--at", "10m", "--partitions", "12", "--per-replica", "3", "--compare")
		if took := *results[0].Bursts[0].Drained; took < 260 || took > 330 {
			t.Errorf("a burst with drainWithin 5m takes %.0f s", took)
		}
		if results[0].MostReplicas >= results[1].MostReplicas {
			t.Errorf("with drainWithin %d replicas, without %d", results[0].MostReplicas, results[1].MostReplicas)
		}
	})
	t.Run("windows open by the simulated clock", func(t *testing.T) {
		t.Parallel()
		night := played(t, "../../examples/cron-windows.yaml", "--rate", "1", "--per-replica", "5", "--from", "2026-01-05T02:00:00+09:00", "--for", "30m")[0]
		day := played(t, "../../examples/cron-windows.yaml", "--rate", "1", "--per-replica", "5", "--from", "2026-01-05T12:00:00+09:00", "--for", "30m")[0]
		if night.MostReplicas >= day.MostReplicas {
			t.Errorf("%d replicas at night, %d by day", night.MostReplicas, day.MostReplicas)
		}
	})
}

// Whoever has an example at hand can play it, or is told which trigger cannot be.
func TestExamplesCanBePlayed(t *testing.T) {
	t.Parallel()
	paths, err := filepath.Glob("../../examples/*.yaml")
	if err != nil || len(paths) < 20 {
		t.Fatalf("found %d examples: %v", len(paths), err)
	}
	playable := 0
	for _, path := range paths {
		var stdout, stderr bytes.Buffer
		args := []string{"simulate", path, "--burst", "100", "--per-replica", "10", "--at", "10s", "--for", "1m", "--compare"}
		if strings.HasPrefix(filepath.Base(path), "kafka-") {
			args = append(args, "--partitions", "8")
		}
		code := run(t.Context(), args, &stdout, &stderr)
		switch {
		case code == 0:
			playable++
		case !strings.Contains(stderr.String(), "cannot be simulated yet") && !strings.Contains(stderr.String(), "KEDA's own triggers have nothing like it"):
			t.Errorf("%s: %s", path, stderr.String())
		}
	}
	if playable < len(paths)-4 { // ScaledJobs, and scalingModifiers
		t.Errorf("only %d of %d can be played", playable, len(paths))
	}
}

func TestSimulateGivesTheSameEachTime(t *testing.T) {
	t.Parallel()
	workload := filepath.Join(t.TempDir(), "day.csv")
	if err := os.WriteFile(workload, []byte("seconds,records\n0,5\n3600,200\n7200,0\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var all []string
	for range 2 {
		var stdout, stderr bytes.Buffer
		chart := filepath.Join(t.TempDir(), "chart.html")
		args := []string{
			"simulate", "../../examples/kafka-gentle.yaml", "--workload", workload, "--skew", "1", "--partitions", "12",
			"--per-replica", "20", "--for", "3h", "--format", "csv", "--chart", chart,
		}
		if code := run(t.Context(), args, &stdout, &stderr); code != 0 {
			t.Fatal(stderr.String())
		}
		drawn, err := os.ReadFile(chart)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, stdout.String()+string(drawn))
	}
	if all[0] != all[1] {
		t.Errorf("two runs differ:\n%s\n%s", all[0], all[1])
	}
}

func TestSimulateSaysWhatItCannotPlay(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		args []string
		says string
	}{
		{[]string{"../../examples/kafka-push.yaml", "--burst", "1"}, "--per-replica"},
		{[]string{"../../examples/kafka-push.yaml", "--per-replica", "1"}, "nothing comes"},
		{[]string{"../../examples/kafka-push.yaml", "--per-replica", "1", "--burst", "-1"}, "from 0 to 1e9"},
		{[]string{"../../examples/kafka-push.yaml", "--per-replica", "1", "--burst", "1", "--at", "1s,2s"}, "2 times for 1 bursts"},
		{[]string{"../../examples/kafka-push.yaml", "--per-replica", "1", "--burst", "1", "--format", "pdf"}, "want one of csv, json, text"},
		{[]string{"../../examples/kafka-job.yaml", "--per-replica", "1", "--burst", "1"}, "a ScaledJob cannot be simulated yet"},
		{[]string{"../../examples/nowhere.yaml", "--per-replica", "1", "--burst", "1"}, "nowhere.yaml"},
	} {
		var stdout, stderr bytes.Buffer
		if code := run(t.Context(), append([]string{"simulate"}, c.args...), &stdout, &stderr); code == 0 || !strings.Contains(stderr.String(), c.says) {
			t.Errorf("simulate %v: exit code %d, %q, want %q", c.args, code, stderr.String(), c.says)
		}
	}
}
