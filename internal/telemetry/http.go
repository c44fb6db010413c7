package telemetry

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"
)

// Run answers HTTP on the listener, which it closes, until ctx ends. It returns an error only when the listener fails.
func (t *Telemetry) Run(ctx context.Context, listener net.Listener) error {
	server := &http.Server{
		Handler:           t.handler(),
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      longestScrape + 10*time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    16 << 10,
	}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			return fmt.Errorf("serving HTTP on %v: %w", listener.Addr(), err)
		}
		return nil
	})
	group.Go(func() error {
		<-ctx.Done()
		_ = server.Close() // a scrape that is cut off is tried again
		return nil
	})
	return group.Wait() //nolint:wrapcheck // says it
}

func (t *Telemetry) handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", t.metrics())
	return mux
}
