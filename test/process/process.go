// Package process runs the programs that tests and benchmarks need, which never outlive whoever started them, and reads what
// they cost.
package process

import (
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
	// Log is the file that both outputs are appended to; none when empty.
	Log string
	// Ready, when set, sees every line of both outputs, one after the other, just after it was logged: also those after the
	// first for which it says that the program is ready. It must not block.
	Ready func(line string) bool
}

// Process is a running program, or one that has ended.
type Process struct {
	program Program
	cmd     *exec.Cmd
	ready   chan struct{}
	gone    chan struct{}
	err     error // set before gone is closed
}

// Start starts the program. It runs until it ends by itself, until Stop or Kill, or until this process dies, however it
// dies. No context ends it: what a test has started again must be there when the test is over.
func Start(program Program) (*Process, error) {
	log, err := openLog(program.Log)
	if err != nil {
		return nil, fmt.Errorf("open the log of %s: %w", program.Path, err)
	}
	cmd := exec.Command(program.Path, program.Args...) //nolint:gosec,noctx // programs of the tests, which no context ends
	cmd.Env = append(os.Environ(), program.Env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{}
	tieToParent(cmd.SysProcAttr)
	p := &Process{program: program, cmd: cmd, ready: make(chan struct{}), gone: make(chan struct{})}
	var both io.Writer = log
	if program.Ready != nil {
		both = &lines{log: log, isReady: program.Ready, ready: p.ready}
	}
	cmd.Stdout, cmd.Stderr = both, both
	started := make(chan error)
	go p.run(log, started)
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start %s: %w", program.Path, err)
	}
	return p, nil
}

func openLog(path string) (*os.File, error) {
	if path == "" {
		path = os.DevNull
	}
	return os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600) //nolint:gosec,wrapcheck // a path of the tests; wrapped by Start
}

// run owns the process from its start to its end.
func (p *Process) run(log io.Closer, started chan<- error) {
	// Linux sends a child its parent-death signal when the thread that started it ends, so that thread must live as long
	// as the child.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()

	err := p.cmd.Start()
	started <- err
	if err == nil {
		p.err = p.cmd.Wait()
	}
	_ = log.Close() // a log that cannot be written fails nothing
	close(p.gone)
}

// PID is the process id.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Ready is closed when the program was ready for the first time; never without Program.Ready.
func (p *Process) Ready() <-chan struct{} { return p.ready }

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
