package server_test

import (
	"slices"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	reflectionpb "google.golang.org/grpc/reflection/grpc_reflection_v1"
	"google.golang.org/grpc/status"

	pb "github.com/lagwise/lagwise/proto/externalscaler"
	"github.com/lagwise/lagwise/server"
)

func TestHealthIsServingForTheServerAndTheService(t *testing.T) {
	health := healthpb.NewHealthClient(serve(t, lend(&fakeScaler{}), server.Options{}).connection)
	for _, service := range []string{"", "externalscaler.ExternalScaler"} {
		answer, err := health.Check(t.Context(), &healthpb.HealthCheckRequest{Service: service})
		if err != nil || answer.GetStatus() != healthpb.HealthCheckResponse_SERVING {
			t.Errorf("service %q: %v, %v", service, answer, err)
		}
	}
}

func TestReflectionListsTheService(t *testing.T) {
	r := serve(t, lend(&fakeScaler{}), server.Options{})
	stream, err := reflectionpb.NewServerReflectionClient(r.connection).ServerReflectionInfo(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	question := &reflectionpb.ServerReflectionRequest{
		MessageRequest: &reflectionpb.ServerReflectionRequest_ListServices{},
	}
	if err := stream.Send(question); err != nil {
		t.Fatal(err)
	}
	answer, err := stream.Recv()
	if err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(answer.GetListServicesResponse().GetService(), func(s *reflectionpb.ServiceResponse) bool {
		return s.GetName() == "externalscaler.ExternalScaler"
	}) {
		t.Errorf("services %v", answer)
	}
	if err := stream.CloseSend(); err != nil {
		t.Fatal(err)
	}
}

func TestOversizedMessageIsRejected(t *testing.T) {
	r := serve(t, lend(&fakeScaler{}), server.Options{})
	for kib, want := range map[int]codes.Code{250: codes.OK, 260: codes.ResourceExhausted} {
		trigger := ref()
		trigger.ScalerMetadata["topic"] = strings.Repeat("x", kib<<10)
		_, err := r.IsActive(t.Context(), trigger)
		wantCode(t, err, want)
	}
}

func TestOversizedHeaderIsRejected(t *testing.T) {
	r := serve(t, lend(&fakeScaler{}), server.Options{})
	if _, err := r.IsActive(t.Context(), ref()); err != nil { // the server has told the client its bounds
		t.Fatal(err)
	}
	for kib, accepted := range map[int]bool{15: true, 17: false} {
		ctx := metadata.AppendToOutgoingContext(t.Context(), "fill", strings.Repeat("x", kib<<10))
		_, err := r.IsActive(ctx, ref())
		if (err == nil) != accepted {
			t.Errorf("header of %d KiB: %v", kib, err)
		}
	}
}

func TestManyStreamsShareOneConnection(t *testing.T) {
	r := serve(t, lend(newWatcher()), server.Options{})
	for i := range 1000 {
		stream, err := r.StreamMetricSpec(t.Context(), ref())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := stream.Recv(); err != nil {
			t.Fatalf("stream %d: %v", i, err)
		}
	}
	if _, err := r.IsActive(t.Context(), ref()); err != nil {
		t.Error(err)
	}
}

func TestFurtherGRPCOptionsAreUsed(t *testing.T) {
	deny := grpc.StreamInterceptor(func(any, grpc.ServerStream, *grpc.StreamServerInfo, grpc.StreamHandler) error {
		return status.Error(codes.Aborted, "not today")
	})
	r := serve(t, lend(&fakeScaler{}), server.Options{GRPC: []grpc.ServerOption{deny}})
	stream, err := r.StreamIsActive(t.Context(), &pb.ScaledObjectRef{})
	if err != nil {
		t.Fatal(err)
	}
	_, err = stream.Recv()
	wantCode(t, err, codes.Aborted)
}
