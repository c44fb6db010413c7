package tracing_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/protobuf/proto"

	"github.com/lagwise/lagwise/internal/tracing"
	pb "github.com/lagwise/lagwise/proto/externalscaler"
	"github.com/lagwise/lagwise/scalers"
	"github.com/lagwise/lagwise/server"
)

// What the collector gets is the question, and nothing of its metadata.
func TestEachQuestionIsASpan(t *testing.T) {
	t.Parallel()
	const secret = "planted-password"
	var sent collector.ExportTraceServiceRequest
	var bodies []string
	sink := httptest.NewServer(http.HandlerFunc(func(to http.ResponseWriter, from *http.Request) {
		body, err := io.ReadAll(from.Body)
		if err != nil || from.URL.Path != "/v1/traces" {
			t.Errorf("%s: %v", from.URL, err)
		}
		var batch collector.ExportTraceServiceRequest
		if err := proto.Unmarshal(body, &batch); err != nil {
			t.Error(err)
		}
		proto.Merge(&sent, &batch)
		bodies = append(bodies, string(body))
		to.WriteHeader(http.StatusOK)
	}))
	defer sink.Close()

	traced, err := tracing.Open(t.Context(), tracing.Options{Endpoint: sink.URL, Percent: 100, Version: "v1"})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	after, leave := context.WithCancel(t.Context()) // a span ends with its call on the server, and not with its answer's arrival
	defer leave()
	served, flushed := make(chan error, 1), make(chan error, 1)
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	registry := scalers.NewRegistry(nil, scalers.RegistryOptions{})
	go func() {
		served <- server.New(registry, server.Options{GRPC: []grpc.ServerOption{traced.ServerOption()}}).Run(ctx, listener)
	}()
	go func() { flushed <- traced.Run(after) }()
	connection, err := grpc.NewClient(listener.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = connection.Close() }()
	client := pb.NewExternalScalerClient(connection)
	ref := &pb.ScaledObjectRef{Namespace: "shop", Name: "orders", ScalerMetadata: map[string]string{"password": secret}}
	_, _ = client.GetMetricSpec(ctx, ref)
	_, _ = client.IsActive(ctx, ref)
	if _, err := healthpb.NewHealthClient(connection).Check(ctx, &healthpb.HealthCheckRequest{}); err != nil {
		t.Fatal(err)
	}
	stop()
	if err := <-served; err != nil {
		t.Error(err)
	}
	leave()
	if err := <-flushed; err != nil {
		t.Error(err)
	}

	var names []string
	for _, resource := range sent.GetResourceSpans() {
		for _, scope := range resource.GetScopeSpans() {
			for _, span := range scope.GetSpans() {
				names = append(names, span.GetName())
			}
		}
	}
	slices.Sort(names) // a span ends after its answer, so the next one may end before it
	if got := strings.Join(names, " "); got != "externalscaler.ExternalScaler/GetMetricSpec externalscaler.ExternalScaler/IsActive" {
		t.Errorf("spans %s", got)
	}
	if strings.Contains(strings.Join(bodies, ""), secret) {
		t.Error("a span holds a secret")
	}
}

func TestACollectorThatIsNoURLIsRefused(t *testing.T) {
	t.Parallel()
	for _, endpoint := range []string{"", "collector:4318", "grpc://collector:4317", "http://", "://"} {
		if _, err := tracing.Open(t.Context(), tracing.Options{Endpoint: endpoint}); err == nil || !strings.Contains(err.Error(), "http://collector:4318") {
			t.Errorf("%q: %v", endpoint, err)
		}
	}
}
