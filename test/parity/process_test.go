package parity_test

import (
	"context"
	"encoding/json"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/lagwise/lagwise/test/process"
)

// buildLagwise builds lagwise as its own module has it, with the race detector, and returns the binary's path; "" after
// a failure.
func buildLagwise(t *testing.T) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "lagwise")
	build := exec.CommandContext(t.Context(), "go", "build", "-race", "-o", binary, "./cmd/lagwise")
	build.Dir = filepath.Join("..", "..")
	if output, err := build.CombinedOutput(); err != nil {
		t.Errorf("building lagwise: %v\n%s", err, output)
		return ""
	}
	return binary
}

// startLagwise runs lagwise until the test ends, and returns the address at which it answers KEDA. It must then stop in
// order: the race detector, for one, makes it exit with a failure.
func startLagwise(t *testing.T, binary string, flags ...string) (address string) {
	t.Helper()
	address, _ = startLogged(t, binary, flags...)
	return address
}

// startLogged gives the file as well into which lagwise logs.
func startLogged(t *testing.T, binary string, flags ...string) (address, log string) {
	t.Helper()
	log = filepath.Join(t.TempDir(), "lagwise.log")
	started, err := process.Start(process.Program{
		Path: binary,
		Args: append([]string{"serve", "--listen=127.0.0.1:0", "--http.listen=", "--health.listen=", "--allowedBrokers=127.*", "--logFormat=json"}, flags...),
		Log:  log,
		Ready: func(line string) bool {
			var said struct{ Msg, Address string }
			if json.Unmarshal([]byte(line), &said) != nil || said.Msg != "lagwise answers KEDA" {
				return false
			}
			address = said.Address
			return true
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stopLagwise(t, started) })
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := started.AwaitReady(ctx); err != nil {
		t.Fatal(err)
	}
	return address, log
}

func stopLagwise(t *testing.T, lagwise *process.Process) {
	t.Helper()
	lagwise.Stop(30 * time.Second)
	if err := lagwise.Err(); err != nil {
		t.Errorf("lagwise stopped: %v", err)
	}
	if t.Failed() {
		t.Logf("lagwise's log:\n%s", lagwise.Tail())
	}
}
