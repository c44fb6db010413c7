package main

import (
	"context"
	"fmt"
	"net"

	"github.com/lagwise/lagwise/internal/config"
	"github.com/lagwise/lagwise/internal/telemetry"
)

// listenHTTP listens for those who scrape lagwise's metrics, and returns what answers them until its context ends. Without an address
// that does nothing.
func (p *program) listenHTTP(ctx context.Context, settings config.Config) (answer func(context.Context) error, err error) {
	if settings.HTTPListen == "" {
		return func(context.Context) error { return nil }, nil
	}
	var listen net.ListenConfig
	listener, err := listen.Listen(ctx, "tcp", settings.HTTPListen)
	if err != nil {
		return nil, fmt.Errorf("listening for metrics (http.listen): %w", err)
	}
	p.log.InfoContext(ctx, "metrics", "address", listener.Addr().String())
	return func(ctx context.Context) error { return p.shown.Run(ctx, p.bounded(listener, settings)) }, nil
}

func shownBy(settings config.Config) telemetry.Options {
	return telemetry.Options{
		Version: version(), Lag: telemetry.Detail(settings.MetricsLag), Like: telemetry.Style(settings.MetricsLike), Limit: settings.MaxListed,
	}
}
