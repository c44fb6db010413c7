package e2e_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"strconv"
	"syscall"
	"testing"

	"github.com/lagwise/lagwise/test/e2e/stage"
	"github.com/lagwise/lagwise/test/process"
)

// shared is what all scenarios stand on. Tests that are not parallel run first and have it to themselves: they measure, or
// disturb something that others would miss.
var shared *stage.Stage

func TestMain(m *testing.M) {
	flag.Parse()
	if flag.Lookup("test.parallel").Value.String() == strconv.Itoa(runtime.GOMAXPROCS(0)) {
		// Scenarios wait far more than they work.
		if err := flag.Set("test.parallel", "8"); err != nil {
			panic(err)
		}
	}
	os.Exit(runOnStage(m))
}

func runOnStage(m *testing.M) (exitCode int) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var err error
	if shared, err = stage.Start(ctx); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer shared.Stop()
	defer shared.Report(os.Stdout)
	return process.UnlessInterrupted(ctx, m.Run)
}
