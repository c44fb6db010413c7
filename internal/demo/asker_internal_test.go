package demo

import (
	"context"
	"slices"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	pb "github.com/lagwise/lagwise/proto/externalscaler"
)

// told is a lagwise whose answers to GetMetrics are given in the order of the questions.
type told struct {
	pb.ExternalScalerClient
	values []int64
	active bool
	err    error
	asked  []map[string]string
}

func (f *told) GetMetricSpec(context.Context, *pb.ScaledObjectRef, ...grpc.CallOption) (*pb.GetMetricSpecResponse, error) {
	return &pb.GetMetricSpecResponse{MetricSpecs: []*pb.MetricSpec{{MetricName: "kafka-orders", TargetSizeFloat: 10}}}, nil
}

func (f *told) GetMetrics(_ context.Context, request *pb.GetMetricsRequest, _ ...grpc.CallOption) (*pb.GetMetricsResponse, error) {
	if f.err != nil {
		return nil, f.err
	}
	f.asked = append(f.asked, request.GetScaledObjectRef().GetScalerMetadata())
	value := f.values[0]
	f.values = f.values[1:]
	return &pb.GetMetricsResponse{MetricValues: []*pb.MetricValue{{MetricValue: value, MetricValueFloat: float64(value)}}}, nil
}

func (f *told) IsActive(context.Context, *pb.ScaledObjectRef, ...grpc.CallOption) (*pb.IsActiveResponse, error) {
	return &pb.IsActiveResponse{Result: f.active}, nil
}

func askerOf(t *testing.T, client *told) *asker {
	t.Helper()
	asker, err := newAsker(t.Context(), client, refOf(apps()[0], "127.0.0.1:9092"), 2)
	if err != nil {
		t.Fatal(err)
	}
	return asker
}

func TestAskSettles(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		// values are the trigger's, its two partitions' and the trigger's again.
		values []int64
		want   bool
	}{
		{"nothing to do", []int64{0, 0, 0, 0}, true},
		{"all of one observation", []int64{12, 5, 7, 12}, true},
		{"a new observation in between", []int64{12, 5, 9, 14}, false},
		{"woken by a record that its partitions do not know yet", []int64{1, 0, 0, 1}, false},
		{"lag that the metric leaves out", []int64{0, 5, 0, 0}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			client := &told{values: slices.Clone(c.values)}
			got, err := askerOf(t, client).ask(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if got.settled != c.want || !slices.Equal(got.lags, c.values[1:3]) {
				t.Errorf("ask() = %+v, want lags %v, settled %t", got, c.values[1:3], c.want)
			}
			if second := client.asked[2]; second["partitionLimitation"] != "1" || second["topic"] != orders {
				t.Errorf("the second partition was asked for with %v", second)
			}
		})
	}
}

func TestAskShowsARefusal(t *testing.T) {
	t.Parallel()
	client := &told{err: status.Error(codes.InvalidArgument, "no such key")}
	got, err := askerOf(t, client).ask(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if want := "InvalidArgument: no such key"; got.failure != want || !got.settled {
		t.Errorf("ask() = %+v, want failure %q, settled", got, want)
	}
}
