package telemetry

import (
	"net/http"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	dto "github.com/prometheus/client_model/go"
)

// Options say what is shown.
type Options struct {
	Version string
	// Lag is how finely the lag of groups is listed, and Like in whose names besides lagwise's own; empty for nobody's.
	Lag  Detail
	Like Style
	// Limit is how many triggers, pairs of group and topic, and partitions are listed one by one at most, each.
	Limit int
}

// Sources are what is shown.
type Sources struct {
	Triggers Triggers
	Sessions []Sessions
	Groups   Groups
	// Serving says whether KEDA's questions are answered.
	Serving func() bool
	// Certificates are those in use.
	Certificates func() []Certificate
}

// Telemetry is all that people see of a lagwise from outside. It has a registry of its own.
type Telemetry struct {
	Edge    *Edge
	Reloads *Reloads

	registry *prometheus.Registry
}

// New counts from now on; Show adds what there is to show. handshakeFailures are the causes of failed handshakes that are counted.
func New(handshakeFailures ...string) *Telemetry {
	t := &Telemetry{Reloads: newReloads(), registry: prometheus.NewRegistry()}
	t.Edge = newEdge(t.registry, handshakeFailures)
	return t
}

// Show makes the sources part of what is shown. It is called once, before Run.
func (t *Telemetry) Show(sources Sources, options Options) {
	t.registry.MustRegister(
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		newWalker(processRows(), walkProcess(options.Version, sources, t.Reloads)),
		newWalker(triggerRows(), walkTriggers(sources.Triggers, options.Limit)),
		newWalker(sessionRows(), walkSessions(sources.Sessions)),
	)
	if options.Lag != DetailNone {
		names := stylesOf(options.Like)
		t.registry.MustRegister(newWalker(groupRows(names), walkGroups(sources.Groups, options.Lag, names, options.Limit)))
	}
}

func stylesOf(like Style) []groupNames {
	names := []groupNames{namesOf(StyleLagwise)}
	if like != "" {
		names = append(names, namesOf(like))
	}
	return names
}

// Rows describe every metric that lagwise itself exports with the given options, in the order of the reference page.
func Rows(like Style) []Row {
	return slices.Concat(groupRows(stylesOf(like)), triggerRows(), sessionRows(), edgeRows(), processRows())
}

// longestScrape bounds the answer to one scrape; Prometheus gives up after 10 s by default.
const longestScrape = 9 * time.Second

func (t *Telemetry) metrics() http.Handler {
	return promhttp.HandlerFor(t.registry, promhttp.HandlerOpts{
		EnableOpenMetrics: true, MaxRequestsInFlight: 4, Timeout: longestScrape,
	})
}

// Gather collects all metrics, as a scrape does.
func (t *Telemetry) Gather() ([]*dto.MetricFamily, error) {
	return t.registry.Gather() //nolint:wrapcheck // the library's own interface
}
