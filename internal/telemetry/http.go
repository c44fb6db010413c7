package telemetry

import (
	"context"
	"errors"
	"fmt"
	"io"
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

// handler answers what Prometheus and Kubernetes ask.
//
// /livez is 200 while the process answers at all. /readyz is 200 from the moment that KEDA's questions are answered until
// SIGTERM, and 503 otherwise. Kafka has no part in either: with one cluster out of reach lagwise answers for the others, and
// with all of them out of reach it answers why, which KEDA needs for its fallback.
func (t *Telemetry) handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", t.metrics())
	mux.HandleFunc("GET /livez", func(to http.ResponseWriter, _ *http.Request) { say(to, http.StatusOK, "lives") })
	mux.HandleFunc("GET /readyz", func(to http.ResponseWriter, _ *http.Request) {
		if !t.serving() {
			say(to, http.StatusServiceUnavailable, "KEDA's questions are not answered: lagwise is starting or stopping")
			return
		}
		say(to, http.StatusOK, "ready")
	})
	return mux
}

func say(to http.ResponseWriter, code int, text string) {
	to.Header().Set("Content-Type", "text/plain; charset=utf-8")
	to.WriteHeader(code)
	_, _ = io.WriteString(to, text+"\n") // whoever asked may be gone
}
