package main

import (
	"log/slog"
	"os"
	"runtime/debug"

	"github.com/KimMachineGun/automemlimit/memlimit"
)

const (
	// goShare is the part of the container's memory that Go may use; the rest is for librdkafka, whose C heap Go knows
	// nothing of.
	goShare = 0.7
	// gcPercent is how much garbage may gather between two collections, in percent of what lives. lagwise lives on little
	// and makes little garbage, so collecting twice as often as by default costs hardly any time.
	gcPercent = 50
)

// keepMemorySmall makes Go's garbage collector respect the container's memory limit. GOMEMLIMIT and GOGC in the
// environment win; without a limit only the pace of collections changes. Failing to find the limit is logged by the
// library, and no reason to stop.
func keepMemorySmall(log *slog.Logger) {
	_, _ = memlimit.Set(memlimit.WithRatio(goShare), memlimit.WithLogger(log))
	if _, chosen := os.LookupEnv("GOGC"); !chosen {
		debug.SetGCPercent(gcPercent)
	}
}
