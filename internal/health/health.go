// Package health answers the kubelet's probes on a listener of its own, which no other client can keep it from. Nothing else is answered
// there, and no source of triggers is known here.
package health

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/lagwise/lagwise/internal/crowd"
)

const (
	// maxConnections is far more than the kubelet opens: one for each probe.
	maxConnections = 64
	// maxLifetime is that of a connection. Kubernetes gives a probe one second, unless it says otherwise.
	maxLifetime = 5 * time.Second
)

// Run answers probes on the listener, which it closes, until ctx ends. It returns an error only when the listener fails.
//
// /livez is 200 while the process answers at all. /readyz is 200 while serving reports that KEDA's questions are answered, and 503
// otherwise. Kafka has no part in either: with one cluster out of reach lagwise answers for the others, and with all of them out of
// reach it answers why, which KEDA needs for its fallback.
//
// Each connection is for one probe and ends within seconds. While all places are taken, a new connection takes that of an old one.
func Run(ctx context.Context, listener net.Listener, serving func() bool, log *slog.Logger) error {
	server := &http.Server{
		Handler:           handler(serving),
		ReadHeaderTimeout: maxLifetime,
		WriteTimeout:      maxLifetime,
		MaxHeaderBytes:    4 << 10,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
	server.SetKeepAlivesEnabled(false)
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		if err := server.Serve(crowd.Turnover(listener, maxConnections, maxLifetime)); !errors.Is(err, http.ErrServerClosed) {
			return fmt.Errorf("serving probes on %v: %w", listener.Addr(), err)
		}
		return nil
	})
	group.Go(func() error {
		<-ctx.Done()
		_ = server.Close() // the process ends
		return nil
	})
	return group.Wait() //nolint:wrapcheck // says it
}

func handler(serving func() bool) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /livez", func(to http.ResponseWriter, _ *http.Request) { answer(to, http.StatusOK, "lives") })
	mux.HandleFunc("GET /readyz", func(to http.ResponseWriter, _ *http.Request) {
		if !serving() {
			answer(to, http.StatusServiceUnavailable, "KEDA's questions are not answered: lagwise is starting or stopping")
			return
		}
		answer(to, http.StatusOK, "ready")
	})
	return mux
}

func answer(to http.ResponseWriter, code int, text string) {
	to.Header().Set("Content-Type", "text/plain; charset=utf-8")
	to.WriteHeader(code)
	_, _ = io.WriteString(to, text+"\n") // the client may have gone
}
