package process

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// InOwnFolder runs a package's tests with a folder in which all of their temporary folders come to lie. It goes with them,
// also when SIGINT or SIGTERM ends ctx: an interrupted test does not remove its own.
func InOwnFolder(tests func(ctx context.Context) (exitCode int)) (exitCode int) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	folder, err := os.MkdirTemp("", "lagwise-tests-")
	if err == nil {
		defer remove(folder)
		err = os.Setenv("TMPDIR", folder)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "make a folder for the tests:", err)
		return 1
	}
	return tests(ctx)
}

// UnlessInterrupted runs tests to their end, or returns 130 once ctx ends. Tests cannot be interrupted: their goroutines go
// on, and the caller takes away what they stand on and ends this process.
func UnlessInterrupted(ctx context.Context, tests func() (exitCode int)) (exitCode int) {
	done := make(chan int, 1)
	go func() { done <- tests() }()
	select {
	case code := <-done:
		return code
	case <-ctx.Done():
		return 130
	}
}

// remove tries again for a while: a program of an interrupted test may still make files.
func remove(folder string) {
	err := os.RemoveAll(folder)
	for deadline := time.Now().Add(5 * time.Second); err != nil && time.Now().Before(deadline); err = os.RemoveAll(folder) {
		time.Sleep(100 * time.Millisecond)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
}
