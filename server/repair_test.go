package server_test

import (
	"context"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/encoding/protowire"

	pb "github.com/lagwise/lagwise/proto/externalscaler"
	"github.com/lagwise/lagwise/scalers"
	"github.com/lagwise/lagwise/server"
)

// raw sends bytes as they are: no client of ours would send what is not UTF-8.
type raw struct{ encoding.CodecV2 }

func (raw) Marshal(message any) (mem.BufferSlice, error) {
	return mem.BufferSlice{mem.SliceBuffer(message.([]byte))}, nil
}

// entry encodes one entry of a ScaledObjectRef's metadata.
func entry(key, value string) []byte {
	inner := protowire.AppendString(protowire.AppendTag(nil, 1, protowire.BytesType), key)
	inner = protowire.AppendString(protowire.AppendTag(inner, 2, protowire.BytesType), value)
	return protowire.AppendBytes(protowire.AppendTag(nil, 3, protowire.BytesType), inner)
}

func TestBrokenTextReachesTheScalerThatCanNameIt(t *testing.T) {
	t.Parallel()
	lent := lend(always(scalers.Evaluation{Active: true}, nil))
	client := serve(t, lent, server.Options{})
	codec := grpc.ForceCodecV2(raw{encoding.GetCodecV2("proto")})

	var answer pb.IsActiveResponse
	err := client.connection.Invoke(t.Context(), pb.ExternalScaler_IsActive_FullMethodName,
		append(entry("topic", "or\xffders"), entry("good", "value")...), &answer, codec)
	if err != nil || !answer.GetResult() {
		t.Fatalf("IsActive: %v, %v", answer.GetResult(), err)
	}
	inGetMetrics := protowire.AppendBytes(protowire.AppendTag(nil, 1, protowire.BytesType), entry("topic", "or\xffders"))
	if err := client.connection.Invoke(t.Context(), pb.ExternalScaler_GetMetrics_FullMethodName, inGetMetrics, &pb.GetMetricsResponse{}, codec); err != nil {
		t.Fatalf("GetMetrics: %v", err)
	}
	for _, trigger := range lent.lent {
		if got := trigger.Metadata["topic"]; got != "or\uFFFDders" {
			t.Errorf("topic arrived as %q", got)
		}
	}
	if lent.lent[0].Metadata["good"] != "value" {
		t.Error("what was good did not arrive")
	}
}

func TestBytesThatAreNoMessageFailTheirCallAlone(t *testing.T) {
	t.Parallel()
	client := serve(t, lend(always(scalers.Evaluation{}, nil)), server.Options{})
	codec := grpc.ForceCodecV2(raw{encoding.GetCodecV2("proto")})
	for _, bytes := range [][]byte{{0xff}, {0x1a, 0x05, 'x'}, {0x1a, 0x02, 0x0a, 0xff}} {
		if err := client.connection.Invoke(t.Context(), pb.ExternalScaler_IsActive_FullMethodName, bytes, &pb.IsActiveResponse{}, codec); err == nil {
			t.Errorf("%x was taken for a request", bytes)
		}
	}
	if _, err := client.IsActive(context.WithoutCancel(t.Context()), ref()); err != nil {
		t.Errorf("a good call afterwards: %v", err)
	}
}
