package server_test

import (
	"math"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	pb "github.com/lagwise/lagwise/proto/externalscaler"
	"github.com/lagwise/lagwise/scalers"
	"github.com/lagwise/lagwise/server"
)

func request() *pb.GetMetricsRequest {
	return &pb.GetMetricsRequest{ScaledObjectRef: ref(), MetricName: "kafka-orders"}
}

func TestValueFillsBothFields(t *testing.T) {
	for _, test := range []struct {
		name     string
		value    float64
		whole    int64
		fraction float64
	}{
		{"zero", 0, 0, 0},
		{"whole", 42, 42, 42},
		{"fraction rounds up", 41.2, 42, 41.2},
		{"a little is not nothing", 0.001, 1, 0.001},
		{"negative", -3, 0, 0},
		{"negative zero", math.Copysign(0, -1), 0, 0},
		{"huge", math.MaxFloat64, 9e15, 9e15},
		{"just past int64", math.MaxInt64, 9e15, 9e15},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := serve(t, lend(always(scalers.Evaluation{Value: test.value}, nil)), server.Options{})
			answer, err := r.GetMetrics(t.Context(), request())
			if err != nil {
				t.Fatal(err)
			}
			if len(answer.GetMetricValues()) != 1 {
				t.Fatalf("%d values, want 1", len(answer.GetMetricValues()))
			}
			got := answer.GetMetricValues()[0]
			if got.GetMetricName() != "kafka-orders" {
				t.Errorf("name %q", got.GetMetricName())
			}
			if got.GetMetricValue() != test.whole || got.GetMetricValueFloat() != test.fraction {
				t.Errorf("%d and %v, want %d and %v", got.GetMetricValue(), got.GetMetricValueFloat(), test.whole, test.fraction)
			}
		})
	}
}

func TestValueThatIsNoNumberIsAnErrorThatSaysWhich(t *testing.T) {
	for word, value := range map[string]float64{"NaN": math.NaN(), "+Inf": math.Inf(1), "-Inf": math.Inf(-1)} {
		t.Run(word, func(t *testing.T) {
			r := serve(t, lend(always(scalers.Evaluation{Value: value}, nil)), server.Options{})
			_, err := r.GetMetrics(t.Context(), request())
			wantCode(t, err, codes.Internal)
			if text := status.Convert(err).Message(); !strings.Contains(text, word) {
				t.Errorf("message %q does not say %s", text, word)
			}
		})
	}
}

func TestTargetIsAlwaysAboveZero(t *testing.T) {
	for _, test := range []struct {
		name     string
		target   float64
		whole    int64
		fraction float64
	}{
		{"whole", 10, 10, 10},
		{"fraction rounds up", 2.5, 3, 2.5},
		{"below one", 0.25, 1, 0.25},
		{"below what KEDA can write", 0.0001, 1, 0.001},
		{"zero", 0, 1, 1},
		{"negative", -5, 1, 1},
		{"NaN", math.NaN(), 1, 1},
		{"infinite", math.Inf(1), 9e15, 9e15},
		{"huge", math.MaxFloat64, 9e15, 9e15},
	} {
		t.Run(test.name, func(t *testing.T) {
			scaler := &fakeScaler{metric: func() scalers.Metric { return scalers.Metric{Name: "m", Target: test.target} }}
			answer, err := serve(t, lend(scaler), server.Options{}).GetMetricSpec(t.Context(), ref())
			if err != nil {
				t.Fatal(err)
			}
			if len(answer.GetMetricSpecs()) != 1 {
				t.Fatalf("%d specs, want 1", len(answer.GetMetricSpecs()))
			}
			got := answer.GetMetricSpecs()[0]
			if got.GetTargetSize() != test.whole || got.GetTargetSizeFloat() != test.fraction {
				t.Errorf("%d and %v, want %d and %v", got.GetTargetSize(), got.GetTargetSizeFloat(), test.whole, test.fraction)
			}
		})
	}
}
