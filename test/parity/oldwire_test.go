package parity_test

import (
	"context"
	"slices"
	"testing"

	"github.com/kedacore/keda/v2/pkg/scalers/externalscaler"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/dynamicpb"
)

// testOldWire speaks to lagwise as KEDA 2.16 and older do: they know whole numbers alone and no stream of specs.
func testOldWire(t *testing.T, s *stage) {
	topic, group, err := s.fixedTopic(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), caseTimeout)
	defer cancel()
	old := oldClient{contract: oldContract(t), connection: connect(t, s.usual)}
	ref := old.ref(t, s.plain(topic.name, group, "lagThreshold", "5").metadata)
	name := "kafka-" + topic.name

	spec := first(t, old.call(ctx, t, "GetMetricSpec", ref, "GetMetricSpecResponse"), "metricSpecs")
	if got := spec.Get(field(spec, "metricName")).String(); got != name {
		t.Errorf("metric name %q, want %q", got, name)
	}
	if got := spec.Get(field(spec, "targetSize")).Int(); got != 5 {
		t.Errorf("target %d, want 5", got)
	}

	question := old.message("GetMetricsRequest")
	question.Set(field(question, "scaledObjectRef"), protoreflect.ValueOfMessage(ref))
	question.Set(field(question, "metricName"), protoreflect.ValueOfString(name))
	value := first(t, old.call(ctx, t, "GetMetrics", question, "GetMetricsResponse"), "metricValues")
	if got := value.Get(field(value, "metricValue")).Int(); got != 7 {
		t.Errorf("value %d, want 7", got)
	}

	active := old.call(ctx, t, "IsActive", ref, "IsActiveResponse")
	if !active.Get(field(active, "result")).Bool() {
		t.Error("IsActive is false")
	}

	pushed := old.message("IsActiveResponse")
	stream, err := old.connection.NewStream(ctx, &grpc.StreamDesc{ServerStreams: true}, method("StreamIsActive"))
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range []error{stream.SendMsg(ref), stream.CloseSend(), stream.RecvMsg(pushed)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	if !pushed.Get(field(pushed, "result")).Bool() {
		t.Error("StreamIsActive pushes false")
	}
}

// oldContract is KEDA 2.16's: today's without the fields and the method that came with 2.17 and 2.21. It stays out of
// the global registry, where today's is.
func oldContract(t *testing.T) protoreflect.FileDescriptor {
	t.Helper()
	contract := protodesc.ToFileDescriptorProto(externalscaler.File_externalscaler_proto)
	for _, message := range contract.GetMessageType() {
		message.Field = slices.DeleteFunc(message.GetField(), func(field *descriptorpb.FieldDescriptorProto) bool {
			return field.GetType() == descriptorpb.FieldDescriptorProto_TYPE_DOUBLE
		})
	}
	service := contract.GetService()[0]
	service.Method = slices.DeleteFunc(service.GetMethod(), func(method *descriptorpb.MethodDescriptorProto) bool {
		return method.GetName() == "StreamMetricSpec"
	})
	file, err := protodesc.NewFile(contract, nil)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// oldClient asks by the old contract.
type oldClient struct {
	contract   protoreflect.FileDescriptor
	connection *grpc.ClientConn
}

func (c oldClient) message(name protoreflect.Name) *dynamicpb.Message {
	return dynamicpb.NewMessage(c.contract.Messages().ByName(name))
}

func (c oldClient) ref(t *testing.T, metadata map[string]string) *dynamicpb.Message {
	t.Helper()
	ref := c.message("ScaledObjectRef")
	ref.Set(field(ref, "name"), protoreflect.ValueOfString("worker"))
	ref.Set(field(ref, "namespace"), protoreflect.ValueOfString("shop"))
	entries := ref.Mutable(field(ref, "scalerMetadata")).Map()
	for key, value := range metadata {
		entries.Set(protoreflect.ValueOfString(key).MapKey(), protoreflect.ValueOfString(value))
	}
	return ref
}

func (c oldClient) call(ctx context.Context, t *testing.T, name string, question proto.Message, answer protoreflect.Name) *dynamicpb.Message {
	t.Helper()
	reply := c.message(answer)
	if err := c.connection.Invoke(ctx, method(name), question, reply); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return reply
}

func method(name string) string { return "/externalscaler.ExternalScaler/" + name }

func field(message protoreflect.Message, name protoreflect.Name) protoreflect.FieldDescriptor {
	return message.Descriptor().Fields().ByName(name)
}

// first is the only element of a repeated field.
func first(t *testing.T, message *dynamicpb.Message, name protoreflect.Name) protoreflect.Message {
	t.Helper()
	list := message.Get(field(message, name)).List()
	if list.Len() != 1 {
		t.Fatalf("%d %s, want one", list.Len(), name)
	}
	return list.Get(0).Message()
}
