package server

import (
	"strings"
	"unicode/utf8"

	"google.golang.org/grpc/encoding"
	_ "google.golang.org/grpc/encoding/proto" // registers the codec that is wrapped here
	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// repairing is gRPC's protobuf codec, except that text which is not UTF-8 does not fail the whole request. It arrives
// with U+FFFD in place of the broken bytes, so that the trigger is refused by the key and the value that are wrong; gRPC
// itself would say neither.
type repairing struct{ encoding.CodecV2 }

func newRepairing() repairing { return repairing{encoding.GetCodecV2("proto")} }

func (c repairing) Unmarshal(data mem.BufferSlice, into any) error {
	err := c.CodecV2.Unmarshal(data, into)
	message, ok := into.(proto.Message)
	if err == nil || !ok {
		return err //nolint:wrapcheck // gRPC says what it was doing
	}
	repaired, changed := repair(message.ProtoReflect().Descriptor(), data.Materialize())
	if !changed {
		return err //nolint:wrapcheck // gRPC says what it was doing
	}
	return proto.Unmarshal(repaired, message) //nolint:wrapcheck // gRPC says what it was doing
}

// repair copies an encoded message with its texts made valid. Bytes that are no message are left for the caller's
// second attempt to refuse.
func repair(descriptor protoreflect.MessageDescriptor, encoded []byte) (repaired []byte, changed bool) {
	for len(encoded) > 0 {
		number, kind, tagged := protowire.ConsumeTag(encoded)
		length := protowire.ConsumeFieldValue(number, kind, encoded[max(tagged, 0):])
		if tagged < 0 || length < 0 {
			return nil, false
		}
		field, value := descriptor.Fields().ByNumber(number), encoded[tagged:tagged+length]
		encoded = encoded[tagged+length:]
		repaired = protowire.AppendTag(repaired, number, kind)
		if kind != protowire.BytesType || field == nil {
			repaired = append(repaired, value...)
			continue
		}
		content, _ := protowire.ConsumeBytes(value)
		switch {
		case field.Kind() == protoreflect.StringKind && !utf8.Valid(content):
			content, changed = []byte(strings.ToValidUTF8(string(content), "\uFFFD")), true
		case field.Kind() == protoreflect.MessageKind:
			if inner, innerChanged := repair(field.Message(), content); innerChanged {
				content, changed = inner, true
			}
		}
		repaired = protowire.AppendBytes(repaired, content)
	}
	return repaired, changed
}
