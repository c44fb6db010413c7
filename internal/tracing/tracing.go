// Package tracing tells a collector of KEDA's calls, as OpenTelemetry has it: OTLP over HTTP, for those who configure one. What a
// span holds is the method, its code and how long it took; nothing of a trigger's metadata.
package tracing

import (
	"context"
	"fmt"
	"net/url"
	"time"

	"go.opentelemetry.io/contrib/instrumentation/google.golang.org/grpc/otelgrpc"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/metric/noop"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"google.golang.org/grpc"
	"google.golang.org/grpc/stats"

	pb "github.com/lagwise/lagwise/proto/externalscaler"
)

// Options say where spans go.
type Options struct {
	// Endpoint is the collector's URL, such as http://collector:4318; /v1/traces is added where it has no path.
	Endpoint string
	// Percent is the share of calls that are told, of those whose caller has not decided that.
	Percent int
	Version string
}

// Tracing gathers spans and sends them in batches.
type Tracing struct {
	provider *sdk.TracerProvider
}

// lastBatch is how long the spans of the last seconds may take to be sent when lagwise stops.
const lastBatch = 3 * time.Second

// Open connects to nobody yet: a collector that is out of reach costs spans, and nothing else.
func Open(ctx context.Context, options Options) (*Tracing, error) {
	endpoint, err := url.Parse(options.Endpoint)
	if err != nil || endpoint.Host == "" || (endpoint.Scheme != "http" && endpoint.Scheme != "https") {
		return nil, fmt.Errorf("the collector of traces %q: want a URL such as http://collector:4318", options.Endpoint)
	}
	if endpoint.Path == "" || endpoint.Path == "/" {
		endpoint.Path = "/v1/traces"
	}
	exporter, err := otlptracehttp.New(ctx, otlptracehttp.WithEndpointURL(endpoint.String()))
	if err != nil {
		return nil, fmt.Errorf("preparing to send traces: %w", err)
	}
	return &Tracing{provider: sdk.NewTracerProvider(
		sdk.WithBatcher(exporter),
		sdk.WithSampler(sdk.ParentBased(sdk.TraceIDRatioBased(float64(options.Percent)/100))),
		sdk.WithResource(resource.NewSchemaless(
			attribute.String("service.name", "lagwise"), attribute.String("service.version", options.Version),
		)),
	)}, nil
}

// ServerOption makes a span of each of KEDA's questions. Streams have none: they last for days.
func (t *Tracing) ServerOption() grpc.ServerOption { //nolint:ireturn // as grpc.NewServer takes it
	questions := map[string]bool{
		pb.ExternalScaler_GetMetricSpec_FullMethodName: true,
		pb.ExternalScaler_GetMetrics_FullMethodName:    true,
		pb.ExternalScaler_IsActive_FullMethodName:      true,
	}
	return grpc.StatsHandler(otelgrpc.NewServerHandler(
		otelgrpc.WithTracerProvider(t.provider),
		otelgrpc.WithMeterProvider(noop.NewMeterProvider()),
		otelgrpc.WithPropagators(propagation.TraceContext{}),
		otelgrpc.WithFilter(func(info *stats.RPCTagInfo) bool { return questions[info.FullMethodName] }),
	))
}

// Run sends spans until ctx ends, and then the last ones. That those cannot be sent is nobody's trouble.
func (t *Tracing) Run(ctx context.Context) error {
	<-ctx.Done()
	left, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastBatch)
	defer cancel()
	_ = t.provider.Shutdown(left)
	return nil
}
