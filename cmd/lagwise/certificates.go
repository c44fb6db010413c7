package main

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/lagwise/lagwise/internal/config"
	"github.com/lagwise/lagwise/internal/telemetry"
	"github.com/lagwise/lagwise/scalers/news"
)

// reminder is the time between two log lines about one certificate that expires soon.
const reminder = 24 * time.Hour

// certificateWatch keeps the certificates of the configuration in force, and logs those that expire soon.
type certificateWatch struct {
	log *slog.Logger
	// replaced signals that there are others.
	replaced chan struct{}

	mu  sync.Mutex
	all []config.Certificate
}

func newCertificateWatch(settings config.Config, log *slog.Logger) *certificateWatch {
	return &certificateWatch{log: log, replaced: make(chan struct{}, 1), all: settings.Certificates()}
}

func (w *certificateWatch) replace(settings config.Config) {
	w.mu.Lock()
	w.all = settings.Certificates()
	w.mu.Unlock()
	news.Signal(w.replaced)
}

func (w *certificateWatch) present() []config.Certificate {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.all
}

// shown returns them for metrics.
func (w *certificateWatch) shown() []telemetry.Certificate {
	var all []telemetry.Certificate
	for _, one := range w.present() {
		all = append(all, telemetry.Certificate{Connection: one.Connection, Setting: one.Setting, NotBefore: one.NotBefore, NotAfter: one.NotAfter})
	}
	return all
}

// run logs those that expire soon, at once and every day, until ctx ends.
func (w *certificateWatch) run(ctx context.Context) error {
	for {
		for _, one := range w.present() {
			w.warn(ctx, one, time.Now())
		}
		select {
		case <-ctx.Done():
			return nil
		case <-w.replaced:
		case <-time.After(reminder):
		}
	}
}

func (w *certificateWatch) warn(ctx context.Context, one config.Certificate, now time.Time) {
	if !one.ExpiresSoon(now) {
		return
	}
	attributes := []any{"setting", one.Setting, "subject", one.Subject, "expires", one.NotAfter}
	if one.Connection != "" {
		attributes = append(attributes, "connection", one.Connection)
	}
	if one.NotAfter.Before(now) {
		w.log.WarnContext(ctx, "certificate expired", attributes...)
		return
	}
	w.log.WarnContext(ctx, "certificate expires soon", attributes...)
}
