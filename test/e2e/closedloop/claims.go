package closedloop

import (
	"fmt"
	"slices"
)

// tolerance is by how much of drainWithin the end may be late, beside the start of the first pod.
const tolerance = 0.15

// Refuted lists what figures of the run do not show, though docs/closed-loop.md says so.
func (r Report) Refuted() []string {
	var refuted []string
	for _, workload := range r.Workloads {
		refuted = append(refuted, workload.refuted()...)
	}
	return refuted
}

func (w Workload) refuted() []string {
	var refuted []string
	doubt := func(loop Loop, format string, values ...any) {
		refuted = append(refuted, fmt.Sprintf("%s, commit=%s: %s", loop.Trigger, loop.Commit, fmt.Sprintf(format, values...)))
	}
	for _, loop := range w.Loops {
		if loop.Commit == "after" && loop.Lost > 0 {
			doubt(loop, "lost %d records that were committed after they were processed", loop.Lost)
		}
		switch loop.Trigger {
		case Quiet:
			if loop.Reversals > 0 {
				doubt(loop, "reversals: %d", loop.Reversals)
			}
		case InTime:
			for i, took := range loop.Drained {
				if most := (1+tolerance)*float64(w.Settings.DrainWithin) + loop.FirstRecords[i]; took > most {
					doubt(loop, "skew %g: done after %.1f s, promised within %.1f s", w.Settings.Skew, took, most)
				}
			}
		}
	}
	if w.has(func(loop Loop) bool { return loop.Trigger == Quiet }) &&
		!w.has(func(loop Loop) bool { return loop.Trigger == KEDA && loop.Reversals > 0 }) {
		refuted = append(refuted, "KEDA's own trigger has no reversal that quietPeriod could remove")
	}
	return refuted
}

func (w Workload) has(such func(Loop) bool) bool { return slices.ContainsFunc(w.Loops, such) }
