package process_test

import (
	"bufio"
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

// parentVariable makes this test binary the parent in TestChildDiesWithItsParent.
const parentVariable = "LAGWISE_PROCESS_PARENT"

func TestMain(m *testing.M) {
	if os.Getenv(parentVariable) == "" {
		os.Exit(m.Run())
	}
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
	parent.Env = append(os.Environ(), parentVariable+"=yes")
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
