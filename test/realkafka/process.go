package realkafka

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

const (
	// readyLine is the last thing a KRaft broker logs before it serves.
	readyLine = "Kafka Server started"

	// startTimeout is ten times what a start takes on two busy cores.
	startTimeout = 2 * time.Minute
)

// process is one life of the broker.
type process struct {
	cmd   *exec.Cmd
	ready chan struct{} // Closed when readyLine was logged.
	gone  chan struct{} // Closed when the process has ended, after err is set.
	err   error
}

// startProcess starts the broker's Java process; it returns before the broker serves.
func startProcess(ctx context.Context, libDir string, options []string, settings, logPath string) (*process, error) {
	log, err := os.OpenFile(logPath, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600) //nolint:gosec // The path is the broker's own.
	if err != nil {
		return nil, fmt.Errorf("realkafka: open the broker's log: %w", err)
	}

	arguments := append([]string{"-Xmx512m"}, options...)
	p := &process{
		cmd:   java(ctx, libDir, append(arguments, "kafka.Kafka", settings)...),
		ready: make(chan struct{}),
		gone:  make(chan struct{}),
	}
	watch := &readyWatch{log: log, ready: p.ready}
	p.cmd.Stdout, p.cmd.Stderr = watch, watch
	dieWithParent(p.cmd)

	started := make(chan error)
	go p.run(log, started)

	if err := <-started; err != nil {
		return nil, fmt.Errorf("realkafka: start Java: %w", err)
	}

	return p, nil
}

// run owns the process from its start to its end; the end of the process's
// context kills it.
func (p *process) run(log *os.File, started chan<- error) {
	// Linux sends a child its parent-death signal when the thread that started
	// it ends, so that thread must live as long as the child.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()

	err := p.cmd.Start()
	started <- err

	if err == nil {
		p.err = p.cmd.Wait()
	}

	p.err = errors.Join(p.err, log.Close())
	close(p.gone)
}

// kill ends the process and returns when it is gone.
func (p *process) kill() {
	_ = p.cmd.Process.Kill() // Its only error is that the process is gone already.
	<-p.gone
}

// awaitReady returns when the broker serves, or with the reason why it never will.
func (b *Broker) awaitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()

	select {
	case <-b.process.ready:
		return b.reach(ctx)
	case <-b.process.gone:
		return fmt.Errorf("the process ended: %w", b.process.err)
	case <-ctx.Done():
		return fmt.Errorf("wait for %q: %w", readyLine, ctx.Err())
	}
}

// format writes the cluster's identity into the data folder, and the
// credentials of the SCRAM users where there are any.
func format(ctx context.Context, libDir, settings string, secure bool) error {
	const clusterID = "bGFnd2lzZS1yZWFsLWthZg" // Kafka wants 16 bytes in URL-safe base64.

	arguments := []string{"-XX:TieredStopAtLevel=1", "kafka.tools.StorageTool", "format", "-t", clusterID, "-c", settings}
	if secure {
		arguments = append(arguments, scramArguments()...)
	}

	cmd := java(ctx, libDir, arguments...)
	dieWithParent(cmd)

	output, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("realkafka: format the data folder: %w\n%s", err, tail(string(output)))
	}

	return nil
}

func java(ctx context.Context, libDir string, arguments ...string) *exec.Cmd {
	arguments = append([]string{
		"-cp", filepath.Join(libDir, "*"),
		"-Dorg.slf4j.simpleLogger.showDateTime=true",
		"-Dorg.slf4j.simpleLogger.dateTimeFormat=HH:mm:ss.SSS",
		// Without this line every start logs a thousand settings.
		"-Dorg.slf4j.simpleLogger.log.org.apache.kafka.common.config.AbstractConfig=warn",
	}, arguments...)

	return exec.CommandContext(ctx, "java", arguments...) //nolint:gosec // Every argument is made in this package.
}

// readyWatch copies the broker's output to its log and tells when it is ready.
type readyWatch struct {
	log   *os.File
	ready chan struct{}
	rest  []byte // The unfinished last line: a line may arrive in several writes.
	seen  bool
}

func (w *readyWatch) Write(output []byte) (int, error) {
	if !w.seen {
		w.look(output)
	}

	written, err := w.log.Write(output)
	if err != nil {
		return written, fmt.Errorf("write the broker's log: %w", err)
	}

	return written, nil
}

func (w *readyWatch) look(output []byte) {
	w.rest = append(w.rest, output...)
	if bytes.Contains(w.rest, []byte(readyLine)) {
		w.seen, w.rest = true, nil
		close(w.ready)

		return
	}

	w.rest = w.rest[bytes.LastIndexByte(w.rest, '\n')+1:]
}

// tail returns the last lines of a log, which is where Java says why it died.
func tail(log string) string {
	const lines = 40

	all := strings.Split(strings.TrimSpace(log), "\n")

	return strings.Join(all[max(0, len(all)-lines):], "\n")
}
