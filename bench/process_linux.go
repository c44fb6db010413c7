package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// process is a child, seen from outside.
type process struct {
	cmd  *exec.Cmd
	gone chan struct{}
}

// startProcess starts a program, which dies with this one, and returns when a line of its output is the one waited for.
// Every later line goes to the same function. Which of its two outputs is read is the caller's choice; the other one is
// shown.
func startProcess(ctx context.Context, fromStderr bool, isReady func(line string) bool, program string, arguments ...string) (*process, error) {
	cmd := exec.CommandContext(ctx, program, arguments...) //nolint:gosec // programs that this one has built
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	var output io.ReadCloser
	var err error
	if fromStderr {
		cmd.Stdout = os.Stderr
		output, err = cmd.StderrPipe()
	} else {
		cmd.Stderr = os.Stderr
		output, err = cmd.StdoutPipe()
	}
	if err != nil {
		return nil, fmt.Errorf("starting %s: %w", program, err)
	}
	p := &process{cmd: cmd, gone: make(chan struct{})}
	started, ready := make(chan error, 1), make(chan struct{})
	go func() {
		defer close(p.gone)
		// Linux sends a child its parent-death signal when the thread that started it ends.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err != nil {
			return
		}
		for lines, seen := bufio.NewScanner(output), false; lines.Scan(); {
			if isReady(lines.Text()) && !seen {
				seen = true
				close(ready)
			}
		}
		_ = cmd.Wait() // it is stopped by a signal
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("starting %s: %w", program, err)
	}
	select {
	case <-ready:
		return p, nil
	case <-p.gone:
		return nil, fmt.Errorf("%s ended before it was ready", program)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// stop ends the process in order, or after ten seconds without.
func (p *process) stop() {
	_ = p.cmd.Process.Signal(os.Interrupt) // its only error is that the process is gone
	select {
	case <-p.gone:
	case <-time.After(10 * time.Second):
		_ = p.cmd.Process.Kill()
		<-p.gone
	}
}

// proc names a file of the process under /proc.
func (p *process) proc(name string) string {
	return filepath.Join("/proc", strconv.Itoa(p.cmd.Process.Pid), name)
}

// rss is the resident memory in MiB, whoever allocated it.
func (p *process) rss() (float64, error) {
	text, err := os.ReadFile(p.proc("status"))
	if err != nil {
		return 0, fmt.Errorf("reading the memory of a process: %w", err)
	}
	for line := range strings.Lines(string(text)) {
		if rest, found := strings.CutPrefix(line, "VmRSS:"); found {
			kib, err := strconv.ParseFloat(strings.Fields(rest)[0], 64)
			if err != nil {
				return 0, fmt.Errorf("reading the memory of a process: %w", err)
			}
			return kib / 1024, nil
		}
	}
	return 0, errors.New("reading the memory of a process: no VmRSS")
}

// ticksPerSecond is Linux's USER_HZ, the same on every architecture that Go runs on.
const ticksPerSecond = 100

// cpu is the processor time used so far.
func (p *process) cpu() (time.Duration, error) {
	text, err := os.ReadFile(p.proc("stat"))
	if err != nil {
		return 0, fmt.Errorf("reading the processor time of a process: %w", err)
	}
	// The second field is the program's name, which may hold blanks: count from its closing bracket.
	fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
	var ticks int64
	for _, field := range fields[11:13] {
		n, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return 0, fmt.Errorf("reading the processor time of a process: %w", err)
		}
		ticks += n
	}
	return time.Duration(ticks) * time.Second / ticksPerSecond, nil
}

// connectionsTo counts the process's established TCP connections to a port.
func (p *process) connectionsTo(port int) (int, error) {
	own := map[string]bool{}
	descriptors, err := os.ReadDir(p.proc("fd"))
	if err != nil {
		return 0, fmt.Errorf("counting connections: %w", err)
	}
	for _, descriptor := range descriptors {
		target, err := os.Readlink(filepath.Join(p.proc("fd"), descriptor.Name()))
		if err == nil { // a descriptor may be closed meanwhile
			own[target] = true
		}
	}
	count := 0
	const established = "01"
	for _, table := range []string{"net/tcp", "net/tcp6"} {
		text, err := os.ReadFile(p.proc(table))
		if err != nil {
			return 0, fmt.Errorf("counting connections: %w", err)
		}
		for line := range strings.Lines(string(text)) {
			fields := strings.Fields(line)
			if len(fields) > 9 && fields[3] == established && strings.HasSuffix(fields[2], fmt.Sprintf(":%04X", port)) && own["socket:["+fields[9]+"]"] {
				count++
			}
		}
	}
	return count, nil
}
