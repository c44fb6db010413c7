package main

import (
	"cmp"
	"log/slog"
	"math"
	"os"
	"runtime/debug"

	"github.com/KimMachineGun/automemlimit/memlimit"

	"github.com/lagwise/lagwise/internal/budget"
	"github.com/lagwise/lagwise/internal/config"
)

const (
	// goShare is the part of the container's memory that Go may use; the rest is for the pages of the program itself, which Go does
	// not count.
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

// limitsOf are the settings' limits, and those that the memory allows where the settings give none.
func limitsOf(settings config.Config) budget.Limits {
	limits := budget.Unlimited()
	if ofGo := debug.SetMemoryLimit(-1); ofGo < math.MaxInt64 {
		limits = budget.Of(int64(float64(ofGo) / goShare))
	}
	return budget.Limits{
		Triggers: cmp.Or(settings.MaxTriggers, limits.Triggers), MetadataBytes: cmp.Or(settings.MaxMetadata, limits.MetadataBytes),
		Sessions: cmp.Or(settings.MaxSessions, limits.Sessions), Streams: cmp.Or(settings.MaxStreams, limits.Streams),
	}
}
