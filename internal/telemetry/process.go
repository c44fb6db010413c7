package telemetry

import (
	"runtime"
	"sync"
	"time"
)

func processRows() []Row {
	return []Row{
		{"lagwise_build_info", Gauge, []string{"version", "goversion"}, "1, with what this lagwise was built from."},
		{"lagwise_ready", Gauge, nil, "1 while KEDA's questions are answered, as /readyz reports."},
		{"lagwise_config_reloads_total", Counter, []string{"outcome"}, "Times that the configuration was read again: applied or refused."},
		{"lagwise_config_last_reload_successful", Gauge, nil, "0 when the configuration was refused the last time that it was read; the one before it stays in force."},
		{"lagwise_config_last_reload_success_timestamp_seconds", Gauge, nil, "When the configuration in force was read."},
	}
}

// Reloads remember what became of the configuration since lagwise began with one that was good.
type Reloads struct {
	mu               sync.Mutex
	applied, refused uint64
	failing          bool
	good             time.Time
}

func newReloads() *Reloads { return &Reloads{good: time.Now()} }

// Reloaded tells that the configuration was read again, and whether that one is in force now.
func (r *Reloads) Reloaded(applied bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.failing = !applied
	if !applied {
		r.refused++
		return
	}
	r.applied++
	r.good = time.Now()
}

func walkProcess(version string, serving func() bool, reloads *Reloads) func(sink) {
	return func(to sink) {
		to.put("lagwise_build_info", 1, version, runtime.Version())
		to.put("lagwise_ready", flag(serving()))
		reloads.mu.Lock()
		defer reloads.mu.Unlock()
		to.put("lagwise_config_reloads_total", float64(reloads.applied), "applied")
		to.put("lagwise_config_reloads_total", float64(reloads.refused), "refused")
		to.put("lagwise_config_last_reload_successful", flag(!reloads.failing))
		to.put("lagwise_config_last_reload_success_timestamp_seconds", seconds(reloads.good))
	}
}
