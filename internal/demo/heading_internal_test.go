package demo

import (
	"regexp"
	"testing"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	pb "github.com/lagwise/lagwise/proto/externalscaler"
)

// TestHeadingCanBeTried reads the requests as grpcurl would.
func TestHeadingCanBeTried(t *testing.T) {
	t.Parallel()
	all := apps()
	plain, refused := refOf(all[0], "127.0.0.1:9092"), refOf(all[len(all)-1], "127.0.0.1:9092")
	text := heading("127.0.0.1:9092", "127.0.0.1:6000", plain, refused, "kafka-orders")
	found := regexp.MustCompile(`(?m)^  grpcurl -plaintext -d '([^']*)' 127\.0\.0\.1:6000 externalscaler\.ExternalScaler/(\w+)$`).FindAllStringSubmatch(text, -1)

	want := []struct {
		method  string
		got     proto.Message
		request proto.Message
	}{
		{"GetMetrics", &pb.GetMetricsRequest{}, &pb.GetMetricsRequest{ScaledObjectRef: plain, MetricName: "kafka-orders"}},
		{"StreamIsActive", &pb.ScaledObjectRef{}, plain},
		{"GetMetrics", &pb.GetMetricsRequest{}, &pb.GetMetricsRequest{ScaledObjectRef: refused, MetricName: "kafka-orders"}},
	}
	if len(found) != len(want) {
		t.Fatalf("%d grpcurl lines, want %d:\n%s", len(found), len(want), text)
	}
	for i, w := range want {
		if found[i][2] != w.method {
			t.Errorf("line %d calls %s, want %s", i, found[i][2], w.method)
		}
		if err := protojson.Unmarshal([]byte(found[i][1]), w.got); err != nil {
			t.Errorf("line %d: %v", i, err)
		}
		if !proto.Equal(w.got, w.request) {
			t.Errorf("line %d asks %v, want %v", i, w.got, w.request)
		}
	}
}
