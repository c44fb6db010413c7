package main

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"go.opentelemetry.io/otel"
	"golang.org/x/time/rate"
	"google.golang.org/grpc"

	"github.com/lagwise/lagwise/internal/config"
	"github.com/lagwise/lagwise/internal/tracing"
)

// openTraces prepares to tell a collector of calls, where one is configured. Otherwise calls pay nothing for it.
func openTraces(ctx context.Context, settings config.Config, log *slog.Logger) (options []grpc.ServerOption, send func(context.Context) error, err error) {
	if settings.TracesEndpoint == "" {
		return nil, func(context.Context) error { return nil }, nil
	}
	traces, err := tracing.Open(ctx, tracing.Options{Endpoint: settings.TracesEndpoint, Percent: settings.TracesPercent, Version: version()})
	if err != nil {
		return nil, nil, fmt.Errorf("traces.endpoint: %w", err)
	}
	// The library has one place for its errors, for the whole process. A collector that is away is told of now and then.
	seldom := rate.Sometimes{First: 1, Interval: 5 * time.Minute}
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) {
		seldom.Do(func() { log.Warn("sending traces", "error", err) })
	}))
	return []grpc.ServerOption{traces.ServerOption()}, traces.Run, nil
}
