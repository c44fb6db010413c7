package status

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sync/semaphore"

	"github.com/lagwise/lagwise/scalers"
)

// Triggers are those that are alive.
type Triggers interface {
	// Standings tell how every trigger stands, Named those of one workload do.
	Standings() []scalers.Standing
	Named(namespace, name string) []scalers.Standing
	// Detail is what a trigger's answer is made of.
	Detail(ctx context.Context, serial uint64) (standing scalers.Standing, detail scalers.Detail, alive bool, err error)
}

// Connection is how a source is reached, and how that fares.
type Connection struct {
	// Source is the scaler whose connection it is, such as kafka; Name is as the configuration or the trigger calls it.
	Source string `json:"source"`
	Name   string `json:"name"`
	// Triggers are those that use it.
	Triggers int `json:"triggers"`
	// Fault is the kind of failure in one word, and Trouble says more; both are empty while the source answers.
	Fault   string `json:"fault,omitempty"`
	Trouble string `json:"trouble,omitempty"`
	// Doing says in words how it is used.
	Doing string `json:"doing"`
}

// Sources are what the page shows.
type Sources struct {
	Triggers    Triggers
	Connections func() []Connection
	// Explain answers /api/explain.
	Explain http.Handler
	Version string
}

// Page answers browsers and `lagwise explain`.
type Page struct {
	sources Sources
	log     *slog.Logger
	assets  assets
	// renders bounds the work that is done for all who look, at the same time.
	renders *semaphore.Weighted
	glance  glance
	history *history

	places  places
	viewing sync.Mutex
	views   map[string]*view // followed now, by name
}

// New makes the page; Run shows it.
func New(sources Sources, log *slog.Logger) *Page {
	return &Page{
		sources: sources, log: log, assets: readAssets(), renders: semaphore.NewWeighted(rendersAtOnce),
		glance: glance{triggers: sources.Triggers}, history: newHistory(), views: map[string]*view{},
	}
}

// rendersAtOnce is how many pages are made at the same time: looking must leave processors to those who ask.
const rendersAtOnce = 2

// Run shows the page on the listener, which it closes, until ctx ends. It returns an error only when the listener fails.
func (p *Page) Run(ctx context.Context, listener net.Listener) error {
	server := &http.Server{
		Handler:           p.handler(isLoopback(listener.Addr())),
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          slog.NewLogLogger(p.log.Handler(), slog.LevelDebug),
		BaseContext:       func(net.Listener) context.Context { return ctx },
	}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			return fmt.Errorf("serving the status page on %v: %w", listener.Addr(), err)
		}
		return nil
	})
	group.Go(func() error { return p.record(ctx) })
	group.Go(func() error {
		<-ctx.Done()
		_ = server.Close() // nobody needs the rest of a page
		return nil
	})
	return group.Wait() //nolint:wrapcheck // says it
}

// writeTimeout is how long a client may take for an answer, or for each piece of one that goes on.
const writeTimeout = 10 * time.Second

func (p *Page) handler(onLoopback bool) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", p.showOverview)
	mux.HandleFunc("GET /trigger", p.showTrigger)
	mux.HandleFunc("GET /static/{name}", p.assets.serve)
	mux.HandleFunc("GET /events/overview", p.followOverview)
	mux.HandleFunc("GET /events/trigger", p.followTrigger)
	mux.HandleFunc("GET /api/triggers", p.listTriggers)
	mux.HandleFunc("GET /api/connections", p.listConnections)
	mux.HandleFunc("GET /api/history", p.listHistory)
	mux.HandleFunc("GET /api/explain", p.buffered(p.sources.Explain))
	return guard{next: mux, log: p.log, onLoopback: onLoopback}
}
