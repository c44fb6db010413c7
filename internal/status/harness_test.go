package status_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/lagwise/lagwise/internal/explain"
	"github.com/lagwise/lagwise/internal/status"
	"github.com/lagwise/lagwise/scalers"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience is how long tests wait for what must happen; only failing tests wait so long.
const patience = time.Minute

// watched is a lagwise that somebody looks at.
type watched struct {
	mu          sync.Mutex
	standings   []scalers.Standing
	connections []status.Connection
	details     map[uint64]scalers.Detail
	looks       int
	panics      bool
}

func (w *watched) Standings() []scalers.Standing {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.looks++
	return append([]scalers.Standing{}, w.standings...)
}

func (w *watched) Connections() []status.Connection {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]status.Connection{}, w.connections...)
}

func (w *watched) Named(namespace, name string) []scalers.Standing {
	w.mu.Lock()
	defer w.mu.Unlock()
	var named []scalers.Standing
	for _, s := range w.standings {
		if s.Namespace == namespace && s.Name == name {
			named = append(named, s)
		}
	}
	return named
}

func (w *watched) Detail(_ context.Context, serial uint64) (scalers.Standing, scalers.Detail, bool, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.panics {
		panic("told nobody")
	}
	for _, s := range w.standings {
		if s.Serial != serial {
			continue
		}
		if !s.Known {
			return s, scalers.Detail{}, true, scalers.Errorf(scalers.CauseUnreachable, "%s", s.Trouble)
		}
		return s, scalers.Detail{Evaluation: s.Latest, Parts: w.details[serial].Parts}, true, nil
	}
	return scalers.Standing{}, scalers.Detail{}, false, nil
}

// change makes another lagwise of it.
func (w *watched) change(change func(*watched)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	change(w)
}

// standing is an active trigger with a lag of 1,234.
func standing(serial uint64, name string) scalers.Standing {
	return scalers.Standing{
		Namespace: "shop", Name: name, Source: "kafka", Serial: serial, Known: true, Streams: 2,
		Metric: scalers.Metric{Name: "kafka-orders", Target: 10},
		Latest: scalers.Evaluation{
			Value: 42, Active: true, Left: 1234, HasLeft: true, ObservedAt: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
			Reasons: []scalers.Reason{{Rule: "limit", Key: "lagThreshold", Text: "capped at 42"}},
		},
	}
}

func many(n int) *watched {
	w := &watched{}
	for i := range n {
		s := standing(uint64(i+1), fmt.Sprintf("worker-%04d", i))
		s.Latest.Left, s.Latest.Active = float64(i), i%2 == 0
		w.standings = append(w.standings, s)
	}
	return w
}

// shown serves the page on loopback until the test ends.
func shown(tb testing.TB, w *watched) (url string) {
	tb.Helper()
	url, _ = running(tb, w)
	return url
}

// running is the same with an earlier end.
func running(tb testing.TB, w *watched) (url string, end func()) {
	tb.Helper()
	listener, err := (&net.ListenConfig{}).Listen(tb.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	sources := status.Sources{Triggers: w, Connections: w.Connections, Explain: explain.Handler(w), Version: "v1"}
	page := status.New(sources, slog.New(slog.DiscardHandler))
	ctx, stop := context.WithCancel(context.WithoutCancel(tb.Context()))
	ended := make(chan error, 1)
	go func() { ended <- page.Run(ctx, listener) }()
	end = sync.OnceFunc(func() {
		stop()
		if err := <-ended; err != nil {
			tb.Error(err)
		}
	})
	tb.Cleanup(end)
	return "http://" + listener.Addr().String(), end
}

// answer is what a browser gets.
type answer struct {
	code   int
	header http.Header
	text   string
}

// ask sends a request with more headers, each as "Name: value".
func ask(t *testing.T, method, url string, headers ...string) answer {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, header := range headers {
		name, value, _ := strings.Cut(header, ": ")
		if name == "Host" {
			request.Host = value
		}
		request.Header.Set(name, value)
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	got, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = got.Body.Close() }()
	text, err := io.ReadAll(got.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{got.StatusCode, got.Header, string(text)}
}

func get(t *testing.T, url string) string {
	t.Helper()
	got := ask(t, http.MethodGet, url)
	if got.code != http.StatusOK {
		t.Fatalf("%s: %d %s", url, got.code, got.text)
	}
	return got.text
}
