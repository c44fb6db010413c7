package main

import (
	"log/slog"

	"github.com/KimMachineGun/automemlimit/memlimit"
)

// goShare is the part of the container's memory that Go may use; the rest is for librdkafka, whose C heap Go knows
// nothing of.
const goShare = 0.7

// followMemoryLimit makes Go's garbage collector respect the container's memory limit. A GOMEMLIMIT in the environment
// wins; without a limit nothing changes. Failing to find the limit is logged by the library, and no reason to stop.
func followMemoryLimit(log *slog.Logger) {
	_, _ = memlimit.Set(memlimit.WithRatio(goShare), memlimit.WithLogger(log))
}
