package process_test

import (
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/lagwise/lagwise/test/process"
)

// shell starts a script, which is killed when the test ends.
func shell(t *testing.T, script string, isReady func(line string) bool) *process.Process {
	t.Helper()
	started, err := process.Start(process.Program{
		Path: "sh", Args: []string{"-c", script}, Env: []string{"GREETING=hello"},
		Log: filepath.Join(t.TempDir(), "log"), Ready: isReady,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(started.Kill)
	return started
}

func shortly(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func TestReadySeesEveryLineOfBothOutputs(t *testing.T) {
	t.Parallel()
	var seen []string
	started := shell(t, `echo $GREETING; printf re >&2; printf 'ady\n' >&2; echo ready; echo unfinished, of which nobody hears | tr -d '\n'`,
		func(line string) bool { seen = append(seen, line); return line == "ready" })
	if err := started.AwaitReady(shortly(t)); err != nil {
		t.Fatal(err)
	}
	if err := started.Err(); err != nil {
		t.Fatal(err)
	}
	if got, want := strings.Join(seen, ","), "hello,ready,ready"; got != want {
		t.Errorf("saw %s, want %s", got, want)
	}
	if got, want := started.Tail(), "hello\nready\nready\nunfinished, of which nobody hears"; got != want {
		t.Errorf("the log is %q, want %q", got, want)
	}
}

func TestAwaitTellsWhyNot(t *testing.T) {
	t.Parallel()
	never := func(string) bool { return false }
	dead := shell(t, "echo no such folder; exit 3", never)
	err := dead.AwaitReady(shortly(t))
	if err == nil || !strings.Contains(err.Error(), "exit status 3") || !strings.Contains(err.Error(), "no such folder") {
		t.Errorf("of a program that failed: %v", err)
	}
	mute := shell(t, "exec sleep 1000", never)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := mute.AwaitReady(ctx); err == nil || !strings.Contains(err.Error(), "not ready in time") {
		t.Errorf("of a program that says nothing: %v", err)
	}
	if err := mute.Await(ctx, context.Cause); err == nil || !strings.Contains(err.Error(), "not ready in time") {
		t.Errorf("of a program about which there is a complaint: %v", err)
	}
}

func TestStopAsksFirst(t *testing.T) {
	t.Parallel()
	const trap = `trap '%s' TERM; echo ready; while :; do sleep 0.05; done`
	ready := func(line string) bool { return line == "ready" }
	for name, one := range map[string]struct {
		trap     string
		grace    time.Duration
		exitCode int
	}{
		"willing": {"exit 7", 30 * time.Second, 7},
		"deaf":    {"", 100 * time.Millisecond, -1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			started := shell(t, strings.Replace(trap, "%s", one.trap, 1), ready)
			if err := started.AwaitReady(shortly(t)); err != nil {
				t.Fatal(err)
			}
			started.Stop(one.grace)
			if code := started.ExitCode(); code != one.exitCode {
				t.Errorf("ended with %d, want %d", code, one.exitCode)
			}
		})
	}
}

func TestUnknownProgram(t *testing.T) {
	t.Parallel()
	if _, err := process.Start(process.Program{Path: filepath.Join(t.TempDir(), "nothing")}); err == nil {
		t.Error("nothing was started")
	}
}
