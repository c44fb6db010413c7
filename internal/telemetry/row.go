package telemetry

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/lagwise/lagwise/scalers/legible"
)

// Kind is a metric's type, by Prometheus' own name.
type Kind string

// The types in use.
const (
	Gauge     Kind = "gauge"
	Counter   Kind = "counter"
	Histogram Kind = "histogram"
	Summary   Kind = "summary"
)

// Row describes one metric, for whoever exports it and for the reference page alike.
type Row struct {
	Name   string
	Kind   Kind
	Labels []string
	// Help is one line.
	Help string
}

func (r Row) desc() *prometheus.Desc { return prometheus.NewDesc(r.Name, r.Help, r.Labels, nil) }

// walker is a Collector that walks through what is in memory when it is scraped. What is gone from there is gone from the
// answer.
type walker struct {
	rows map[string]described
	walk func(sink)
}

type described struct {
	Row
	desc *prometheus.Desc
}

func newWalker(rows []Row, walk func(sink)) *walker {
	w := &walker{rows: make(map[string]described, len(rows)), walk: walk}
	for _, row := range rows {
		w.rows[row.Name] = described{row, row.desc()}
	}
	return w
}

// Describe lists all that Collect may send.
func (w *walker) Describe(to chan<- *prometheus.Desc) {
	for _, row := range w.rows {
		to <- row.desc
	}
}

// Collect sends what there is.
func (w *walker) Collect(to chan<- prometheus.Metric) { w.walk(sink{rows: w.rows, to: to}) }

// sink takes samples by the name of their metric.
type sink struct {
	rows map[string]described
	to   chan<- prometheus.Metric
}

// put sends one sample. Labels come in the order of the row; their values may be anything.
func (s sink) put(name string, value float64, labels ...string) {
	row := s.rows[name]
	kind := prometheus.GaugeValue
	if row.Kind == Counter {
		kind = prometheus.CounterValue
	}
	metric, err := prometheus.NewConstMetric(row.desc, kind, value, bounded(labels)...)
	s.send(row, metric, err)
}

// putSum sends how many there were and what they come to together.
func (s sink) putSum(name string, count uint64, sum float64, labels ...string) {
	row := s.rows[name]
	metric, err := prometheus.NewConstSummary(row.desc, count, sum, nil, bounded(labels)...)
	s.send(row, metric, err)
}

func (s sink) send(row described, metric prometheus.Metric, err error) {
	if err != nil {
		metric = prometheus.NewInvalidMetric(row.desc, fmt.Errorf("%s: %w", row.Name, err))
	}
	s.to <- metric
}

// longestLabel is how many bytes of a label's value are shown: names of groups and triggers are the client's to choose.
const longestLabel = 200

func bounded(values []string) []string {
	for i, value := range values {
		values[i] = label(value)
	}
	return values
}

// label makes a label's value of any text: valid UTF-8 of bounded length, without what would act on a terminal.
func label(text string) string {
	if fit(text) {
		return text
	}
	return legible.Short(text, longestLabel)
}

func fit(text string) bool {
	return len(text) <= longestLabel && utf8.ValidString(text) && !strings.ContainsFunc(text, unicode.IsControl)
}
