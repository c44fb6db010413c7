package health_test

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"sync/atomic"
	"testing"

	"github.com/lagwise/lagwise/internal/health"
)

func TestHealthOverHTTP(t *testing.T) {
	t.Parallel()
	var config net.ListenConfig
	listener, err := config.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var serving atomic.Bool
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- health.Run(ctx, listener, serving.Load, slog.New(slog.DiscardHandler)) }()
	for _, step := range []struct {
		serving bool
		path    string
		want    int
	}{
		{false, "/readyz", 503},
		{false, "/livez", 200},
		{true, "/readyz", 200},
		{true, "/livez", 200},
		{true, "/metrics", 404},
		{true, "/", 404},
	} {
		serving.Store(step.serving)
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+listener.Addr().String()+step.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(answer.Body)
		_ = answer.Body.Close()
		if answer.StatusCode != step.want || len(text) == 0 || err != nil || !answer.Close {
			t.Errorf("%s while serving is %v: %d, %q, %v; the connection ends: %v", step.path, step.serving, answer.StatusCode, text, err, answer.Close)
		}
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestAListenerThatFailsIsAnError(t *testing.T) {
	t.Parallel()
	var config net.ListenConfig
	listener, err := config.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = listener.Close()
	if err := health.Run(t.Context(), listener, func() bool { return true }, slog.New(slog.DiscardHandler)); err == nil {
		t.Error("it ends without an error")
	}
}
