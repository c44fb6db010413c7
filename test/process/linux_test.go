package process_test

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/lagwise/lagwise/test/process"
)

// roleVariable makes this test binary the parent in TestChildDiesWithItsParent, or the tests in TestInterruptedTestsLeaveNothing.
const roleVariable = "LAGWISE_PROCESS_ROLE"

func TestMain(m *testing.M) {
	switch os.Getenv(roleVariable) {
	case "":
		os.Exit(m.Run())
	case "parent":
		beParent()
	case "tests":
		os.Exit(process.InOwnFolder(func(ctx context.Context) int { return process.UnlessInterrupted(ctx, beTests) }))
	}
}

func beTests() int {
	folder, err := os.MkdirTemp("", "of-a-test-")
	if err != nil {
		fmt.Println(err)
	}
	fmt.Println(folder)
	select {} // until the process ends
}

func beParent() {
	child, err := process.Start(process.Program{Path: "sleep", Args: []string{"1000"}})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(child.PID())
	<-child.Gone()
}

func TestChildDiesWithItsParent(t *testing.T) {
	t.Parallel()
	parent := exec.CommandContext(t.Context(), os.Args[0])
	parent.Env = append(os.Environ(), roleVariable+"=parent")
	output, err := parent.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	pid, err := bufio.NewReader(output).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	if err := parent.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = parent.Wait() // killed
	status := "/proc/" + strings.TrimSpace(pid) + "/stat"
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(10 * time.Millisecond) { // the kernel tells nobody but its new parent
		// Without a parent that reaps it, it stays as a zombie.
		text, err := os.ReadFile(status)
		if err != nil || strings.Contains(string(text), ") Z ") {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("the child outlives its parent: %s", text)
		}
	}
}

func TestInterruptedTestsLeaveNothing(t *testing.T) {
	t.Parallel()
	tests := exec.CommandContext(t.Context(), os.Args[0])
	within := t.TempDir()
	tests.Env = append(os.Environ(), roleVariable+"=tests", "TMPDIR="+within)
	output, err := tests.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := tests.Start(); err != nil {
		t.Fatal(err)
	}
	folder, err := bufio.NewReader(output).ReadString('\n')
	if _, missing := os.Stat(strings.TrimSpace(folder)); err != nil || missing != nil || !strings.HasPrefix(folder, within) {
		t.Errorf("no folder within %s: %s (%v, %v)", within, folder, err, missing)
	}
	if err := tests.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	_ = tests.Wait() // its exit code says how it ended
	if code := tests.ProcessState.ExitCode(); code != 130 {
		t.Errorf("interrupted tests end with exit code %d", code)
	}
	if left, err := os.ReadDir(within); err != nil || len(left) > 0 {
		t.Errorf("%v is left (%v)", left, err)
	}
}

func TestUsage(t *testing.T) {
	t.Parallel()
	pid := os.Getpid()
	if mib, err := process.RSS(pid); err != nil || mib < 1 || mib > 10_000 {
		t.Errorf("this test has %.1f MiB, %v", mib, err)
	}
	for began := time.Now(); time.Since(began) < 100*time.Millisecond; {
		continue // use the processor
	}
	if used, err := process.CPU(pid); err != nil || used < 10*time.Millisecond || used > time.Hour {
		t.Errorf("this test has used %s, %v", used, err)
	}
	if line := process.Machine(); !strings.Contains(line, ", linux ") || !strings.HasSuffix(line, ", "+runtime.Version()) {
		t.Errorf("this machine is %s", line)
	}
}

func TestConnectionsTo(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // listening on loopback never blocks
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	port := listener.Addr().(*net.TCPAddr).Port
	count := func() int {
		n, err := process.ConnectionsTo(os.Getpid(), port)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	if n := count(); n != 0 {
		t.Errorf("%d connections before any was made", n)
	}
	for want := 1; want <= 2; want++ {
		connection, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = connection.Close() })
		if n := count(); n != want {
			t.Errorf("%d connections, want %d: those of the other end do not count", n, want)
		}
	}
}
