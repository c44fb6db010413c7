package telemetry

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"google.golang.org/grpc/codes"
)

// Edge counts calls, streams and pushes. Every counter is there from the start, so that counting costs an addition and no
// look-up by labels.
type Edge struct {
	methods map[string]*method
	pushes  prometheus.Counter
	latency prometheus.Histogram
	// handshakes are those with clients that failed, by cause.
	handshakes map[string]prometheus.Counter
}

// method is one method of KEDA's service.
type method struct {
	handled [codes.Unauthenticated + 1]prometheus.Counter
	seconds prometheus.Histogram // nil for streams, which last as long as they may
	streams prometheus.Gauge     // nil for calls
}

const keda = "externalscaler.ExternalScaler"

// The first three names are those of go-grpc-middleware, which dashboards for gRPC know.
func edgeRows() []Row {
	return []Row{
		{"grpc_server_handled_total", Counter, []string{"grpc_type", "grpc_service", "grpc_method", "grpc_code"}, "KEDA's calls that have ended, streams included, by code."},
		{"grpc_server_handling_seconds", Histogram, []string{"grpc_type", "grpc_service", "grpc_method"}, "How long KEDA's calls took, without streams."},
		{"lagwise_streams", Gauge, []string{"grpc_method"}, "Streams that are open."},
		{"lagwise_pushes_total", Counter, nil, "Messages on streams that say that a trigger is active, repeats included."},
		{"lagwise_push_seconds", Histogram, nil, "Time from noticing a record to telling KEDA that its trigger is active."},
		{"lagwise_tls_handshake_failures_total", Counter, []string{"cause"}, "TLS handshakes with clients that failed: no_certificate, unknown_authority, expired, invalid_certificate (the client's), wrong_protocol (no TLS, TLS before 1.2 or no HTTP/2), rejected_by_client (it does not accept lagwise's certificate), timeout, closed (as by a TCP probe), other."},
	}
}

func newEdge(registry prometheus.Registerer, handshakeFailures []string) *Edge {
	rows := map[string]Row{}
	for _, row := range edgeRows() {
		rows[row.Name] = row
	}
	counter := func(name string) prometheus.CounterOpts {
		return prometheus.CounterOpts{Name: name, Help: rows[name].Help}
	}
	histogram := func(name string, buckets []float64) prometheus.HistogramOpts {
		return prometheus.HistogramOpts{Name: name, Help: rows[name].Help, Buckets: buckets}
	}
	handled := prometheus.NewCounterVec(counter("grpc_server_handled_total"), rows["grpc_server_handled_total"].Labels)
	took := prometheus.NewHistogramVec(histogram("grpc_server_handling_seconds", callBuckets()), rows["grpc_server_handling_seconds"].Labels)
	streams := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "lagwise_streams", Help: rows["lagwise_streams"].Help}, rows["lagwise_streams"].Labels)
	e := &Edge{
		methods:    map[string]*method{},
		pushes:     prometheus.NewCounter(counter("lagwise_pushes_total")),
		latency:    prometheus.NewHistogram(histogram("lagwise_push_seconds", pushBuckets())),
		handshakes: map[string]prometheus.Counter{},
	}
	for _, name := range []string{"GetMetricSpec", "GetMetrics", "IsActive"} {
		e.methods[name] = &method{seconds: observerOf(took, "unary", keda, name)}
		e.methods[name].prepare(handled, "unary", name)
	}
	for _, name := range []string{"StreamIsActive", "StreamMetricSpec"} {
		e.methods[name] = &method{streams: streams.WithLabelValues(name)}
		e.methods[name].prepare(handled, "server_stream", name)
	}
	handshakes := prometheus.NewCounterVec(counter("lagwise_tls_handshake_failures_total"), rows["lagwise_tls_handshake_failures_total"].Labels)
	for _, cause := range handshakeFailures {
		e.handshakes[cause] = handshakes.WithLabelValues(cause)
	}
	registry.MustRegister(handled, took, streams, handshakes, e.pushes, e.latency)
	return e
}

func observerOf(vector *prometheus.HistogramVec, labels ...string) prometheus.Histogram { //nolint:ireturn // the library's own type
	histogram, _ := vector.WithLabelValues(labels...).(prometheus.Histogram)
	return histogram
}

func (m *method) prepare(handled *prometheus.CounterVec, kind, name string) {
	for code := range m.handled {
		m.handled[code] = handled.WithLabelValues(kind, keda, name, codes.Code(code).String())
	}
}

// callBuckets are in seconds: an answer from memory takes some microseconds, a first one as long as Kafka.
func callBuckets() []float64 {
	return []float64{.00001, .000025, .00005, .0001, .00025, .001, .005, .025, .1, .5, 1, 1.5}
}

// pushBuckets are in seconds: a record is observed within milliseconds, or at the pace at which a busy topic may wake.
func pushBuckets() []float64 {
	return []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5}
}

// Answered counts a call that has ended.
func (e *Edge) Answered(rpc string, code codes.Code, took time.Duration) {
	m, known := e.methods[rpc]
	if !known {
		return
	}
	if int(code) < len(m.handled) {
		m.handled[code].Inc()
	}
	if m.seconds != nil {
		m.seconds.Observe(took.Seconds())
	}
}

// Streaming counts open streams.
func (e *Edge) Streaming(rpc string, more int) {
	if m, known := e.methods[rpc]; known && m.streams != nil {
		m.streams.Add(float64(more))
	}
}

// Pushed counts a push, and how long it took since the record that led to it.
func (e *Edge) Pushed(woken time.Time) {
	e.pushes.Inc()
	if !woken.IsZero() {
		e.latency.Observe(time.Since(woken).Seconds())
	}
}

// HandshakeFailed counts a client with which no TLS connection came about.
func (e *Edge) HandshakeFailed(cause string) {
	if counter, known := e.handshakes[cause]; known {
		counter.Inc()
	}
}
