// Package child runs programs that never outlive the process that started them.
package child

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"time"
)

// Program is what to run.
type Program struct {
	// Path is the binary, Args its arguments without its name.
	Path string
	Args []string
	// Env is added to this process's environment, as NAME=value; the last one of a name wins.
	Env []string
	// Log is the file that both outputs are appended to.
	Log string
	// Line, when set, sees every line of the standard output just after it was logged. It must not block.
	Line func(line string)
}

// Process is a running program, or one that has ended.
type Process struct {
	program Program
	cmd     *exec.Cmd
	gone    chan struct{}
	err     error // set before gone is closed
}

// Start starts the program. It runs until it ends by itself, until Stop or Kill, or until this process dies, however it
// dies. The end of ctx does not stop it: a test that starts a program again must not take it away at the test's end.
func Start(ctx context.Context, program Program) (*Process, error) {
	log, err := os.OpenFile(program.Log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the log of %s: %w", program.Path, err)
	}
	cmd := exec.CommandContext(context.WithoutCancel(ctx), program.Path, program.Args...) //nolint:gosec // programs that the tests have built
	cmd.Env = append(os.Environ(), program.Env...)
	cmd.Stdout, cmd.Stderr = log, log
	// A terminal's Ctrl-C reaches this process alone, which then stops its children in order.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	dieWithParent(cmd.SysProcAttr)

	var output io.ReadCloser
	if program.Line != nil {
		cmd.Stdout = nil
		if output, err = cmd.StdoutPipe(); err != nil {
			return nil, errors.Join(fmt.Errorf("read from %s: %w", program.Path, err), log.Close())
		}
	}
	p := &Process{program: program, cmd: cmd, gone: make(chan struct{})}
	started := make(chan error)
	go p.run(log, output, started)
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start %s: %w", program.Path, err)
	}
	return p, nil
}

// run owns the process from its start to its end.
func (p *Process) run(log *os.File, output io.Reader, started chan<- error) {
	// Linux sends a child its parent-death signal when the thread that started it ends, so that thread must live as long
	// as the child.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()

	err := p.cmd.Start()
	started <- err
	if err == nil {
		if output != nil {
			p.copyLines(log, output)
		}
		p.err = p.cmd.Wait()
	}
	_ = log.Close() // every write to it was checked
	close(p.gone)
}

func (p *Process) copyLines(log io.Writer, output io.Reader) {
	for lines := bufio.NewScanner(output); lines.Scan(); {
		_, _ = fmt.Fprintln(log, lines.Text()) // a log that cannot be written must not stop the program that writes it
		p.program.Line(lines.Text())
	}
}

// PID is the process id.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// LogFile is the file that holds both outputs.
func (p *Process) LogFile() string { return p.program.Log }

// Gone is closed when the process has ended.
func (p *Process) Gone() <-chan struct{} { return p.gone }

// ExitCode waits for the end and returns the exit code; -1 when a signal ended the process.
func (p *Process) ExitCode() int {
	<-p.gone
	return p.cmd.ProcessState.ExitCode()
}

// Err waits for the end and returns what ended the process: nil for exit code 0.
func (p *Process) Err() error {
	<-p.gone
	return p.err
}

// Stop asks the process to end (SIGTERM), kills it after the grace period, and returns when it is gone.
func (p *Process) Stop(grace time.Duration) {
	_ = p.cmd.Process.Signal(syscall.SIGTERM) // its only error is that the process is gone
	patience := time.NewTimer(grace)
	defer patience.Stop()
	select {
	case <-p.gone:
	case <-patience.C:
		p.Kill()
	}
}

// Kill ends the process as a crash would (SIGKILL), and returns when it is gone.
func (p *Process) Kill() {
	_ = p.cmd.Process.Kill() // its only error is that the process is gone
	<-p.gone
}

// Signal sends the process a signal, such as SIGSTOP.
func (p *Process) Signal(signal os.Signal) error {
	if err := p.cmd.Process.Signal(signal); err != nil {
		return fmt.Errorf("send %v to %s: %w", signal, p.program.Path, err)
	}
	return nil
}
