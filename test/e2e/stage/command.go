package stage

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/lagwise/lagwise/test/transcript"
)

// Command is a run of lagwise's program that is not serve.
type Command struct {
	cmd            *exec.Cmd
	stdout, stderr transcript.Text
	ended          chan struct{}
	err            error
}

// Tells waits until these words stand among what it has told beside its result.
func (s *Scenario) Tells(c *Command, words string) {
	s.t.Helper()
	s.Eventually(Patience, func() error {
		if told := c.stderr.String(); !strings.Contains(told, words) {
			return fmt.Errorf("want %q, it has told %q", words, told)
		}
		return nil
	})
}

// Audit begins "lagwise audit" of the scenario's namespace.
func (s *Scenario) Audit(arguments ...string) *Command {
	s.t.Helper()
	own := []string{"audit", "--kubectl", s.Cluster.KubectlPath(), "--kubeconfig", s.Cluster.Kubeconfig(), "--namespace", s.Namespace}
	c := &Command{cmd: exec.CommandContext(s.t.Context(), s.stage.file("lagwise"), append(own, arguments...)...), ended: make(chan struct{})} //nolint:gosec // a test's own arguments
	c.cmd.Stdout, c.cmd.Stderr = &c.stdout, &c.stderr
	s.Fatal(c.cmd.Start())
	go func() {
		defer close(c.ended)
		c.err = c.cmd.Wait()
	}()
	return c
}

// Interrupt is Ctrl-C.
func (c *Command) Interrupt() error {
	if err := c.cmd.Process.Signal(os.Interrupt); err != nil {
		return fmt.Errorf("interrupt lagwise: %w", err)
	}
	return nil
}

// Wait gives what it printed and how it ended; more than long fails the test.
func (s *Scenario) Wait(c *Command, long time.Duration) (stdout, stderr string, code int) {
	s.t.Helper()
	select {
	case <-c.ended:
	case <-time.After(long):
		s.t.Fatalf("%s has not ended within %v", strings.Join(c.cmd.Args, " "), long)
	}
	if failed := new(exec.ExitError); c.err != nil && !errors.As(c.err, &failed) {
		s.t.Fatal(c.err)
	}
	return c.stdout.String(), c.stderr.String(), c.cmd.ProcessState.ExitCode()
}
