package parity_test

import (
	"bufio"
	"encoding/json"
	"io"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
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
func startLagwise(t *testing.T, binary string, flags ...string) string {
	t.Helper()
	command := exec.Command(binary, append([]string{"serve", "--listen=127.0.0.1:0", "--logFormat=json"}, flags...)...) //nolint:noctx // it outlives the test's context, to stop in order
	output, err := command.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	dieWithParent(command)
	log := &processLog{address: make(chan string, 1)}
	started, exited := make(chan error, 1), make(chan error, 1)
	go func() {
		// Linux sends a child its parent-death signal when the thread that started it ends.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := command.Start()
		started <- err
		if err == nil {
			log.read(output)
			exited <- command.Wait()
		}
	}()
	if err := <-started; err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stopLagwise(t, command, exited, log) })

	select {
	case address := <-log.address:
		return address
	case err := <-exited:
		exited <- err
		t.Fatalf("lagwise did not start: %v", err)
	case <-time.After(time.Minute):
		t.Fatal("lagwise does not say where it listens")
	}
	return ""
}

func stopLagwise(t *testing.T, command *exec.Cmd, exited <-chan error, log *processLog) {
	t.Helper()
	_ = command.Process.Signal(syscall.SIGTERM) // its only error is that the process is gone, which Wait explains
	select {
	case err := <-exited:
		if err != nil {
			t.Errorf("lagwise stopped: %v", err)
		}
	case <-time.After(30 * time.Second):
		t.Error("lagwise does not stop")
		_ = command.Process.Kill()
	}
	if t.Failed() {
		t.Logf("lagwise's log:\n%s", log)
	}
}

// processLog keeps what a lagwise logs and finds its address there.
type processLog struct {
	address chan string

	mu   sync.Mutex
	text strings.Builder
}

// read returns at the log's end, which is the process's.
func (l *processLog) read(from io.Reader) {
	lines := bufio.NewScanner(from)
	for lines.Scan() {
		l.mu.Lock()
		l.text.Write(append(lines.Bytes(), '\n'))
		l.mu.Unlock()
		var line struct{ Msg, Address string }
		if json.Unmarshal(lines.Bytes(), &line) == nil && line.Msg == "lagwise answers KEDA" {
			l.address <- line.Address
		}
	}
}

// String is the log's end.
func (l *processLog) String() string {
	const lines = 30
	l.mu.Lock()
	defer l.mu.Unlock()
	all := strings.Split(l.text.String(), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}
