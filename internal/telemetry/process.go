package telemetry

import (
	"runtime"
	"sync"
	"time"
)

func processRows() []Row {
	certificate := []string{"connection", "setting"}
	return []Row{
		{"lagwise_build_info", Gauge, []string{"version", "goversion"}, "1, with what this lagwise was built from."},
		{"lagwise_ready", Gauge, nil, "1 while KEDA's questions are answered, as /readyz reports."},
		{"lagwise_config_reloads_total", Counter, []string{"outcome"}, "Times that the configuration was read again: applied or refused."},
		{"lagwise_config_last_reload_successful", Gauge, nil, "0 when the configuration was refused the last time that it was read; the one before it stays in force."},
		{"lagwise_config_last_reload_success_timestamp_seconds", Gauge, nil, "When the configuration in force was read."},
		{"lagwise_certificate_expiry_timestamp_seconds", Gauge, certificate, "When a certificate that the configuration names expires: of a file with several, the one that expires first. connection is empty for lagwise's own settings."},
		{"lagwise_certificate_not_before_timestamp_seconds", Gauge, certificate, "When that certificate became valid."},
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

// Certificate is the certificate of a setting that expires first.
type Certificate struct {
	// Connection is the connection's name; empty for a setting that belongs to none.
	Connection, Setting string
	NotBefore, NotAfter time.Time
}

func walkProcess(version string, sources Sources, reloads *Reloads) func(sink) {
	return func(to sink) {
		for _, one := range sources.Certificates() {
			to.put("lagwise_certificate_expiry_timestamp_seconds", seconds(one.NotAfter), one.Connection, one.Setting)
			to.put("lagwise_certificate_not_before_timestamp_seconds", seconds(one.NotBefore), one.Connection, one.Setting)
		}
		to.put("lagwise_build_info", 1, version, runtime.Version())
		to.put("lagwise_ready", flag(sources.Serving()))
		reloads.mu.Lock()
		defer reloads.mu.Unlock()
		to.put("lagwise_config_reloads_total", float64(reloads.applied), "applied")
		to.put("lagwise_config_reloads_total", float64(reloads.refused), "refused")
		to.put("lagwise_config_last_reload_successful", flag(!reloads.failing))
		to.put("lagwise_config_last_reload_success_timestamp_seconds", seconds(reloads.good))
	}
}
