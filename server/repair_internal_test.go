package server

import (
	"testing"
	"unicode/utf8"

	"google.golang.org/protobuf/proto"

	pb "github.com/lagwise/lagwise/proto/externalscaler"
)

// FuzzRepair sends any bytes for a request: what comes out of the repair is text throughout, or no message at all.
func FuzzRepair(f *testing.F) {
	good, err := proto.Marshal(&pb.GetMetricsRequest{MetricName: "m", ScaledObjectRef: &pb.ScaledObjectRef{
		Name: "n", ScalerMetadata: map[string]string{"topic": "orders"},
	}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add([]byte{0x0a, 0x03, 0x0a, 0x01, 0xff})
	f.Add([]byte{0x12, 0x02, 0xff, 0xfe})
	f.Add([]byte{0x0a, 0xff})
	f.Fuzz(func(t *testing.T, encoded []byte) {
		var request pb.GetMetricsRequest
		repaired, changed := repair(request.ProtoReflect().Descriptor(), encoded)
		if !changed {
			return
		}
		if proto.Unmarshal(repaired, &request) != nil {
			return
		}
		texts := []string{request.GetMetricName(), request.GetScaledObjectRef().GetName(), request.GetScaledObjectRef().GetNamespace()}
		for key, value := range request.GetScaledObjectRef().GetScalerMetadata() {
			texts = append(texts, key, value)
		}
		for _, text := range texts {
			if !utf8.ValidString(text) {
				t.Errorf("%q is no text", text)
			}
		}
	})
}
