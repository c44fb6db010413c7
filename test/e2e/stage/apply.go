package stage

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/kubernetes/scheme"

	pb "github.com/lagwise/lagwise/proto/externalscaler"
)

// ScaledObjects and ScaledJobs are KEDA's types, for Objects.
var (
	ScaledObjects = schema.GroupVersionResource{Group: "keda.sh", Version: "v1alpha1", Resource: "scaledobjects"} //nolint:gochecknoglobals // a constant, were structs allowed to be
	ScaledJobs    = schema.GroupVersionResource{Group: "keda.sh", Version: "v1alpha1", Resource: "scaledjobs"}    //nolint:gochecknoglobals // as above
)

// Edit changes a ScaledObject or ScaledJob before it is applied.
type Edit func(object map[string]any) error

// Set replaces one value; nil removes it. A path is made of keys and, in lists, of indices:
//
//	Set(5, "spec", "cooldownPeriod"), Set("10", "spec", "triggers", 0, "metadata", "lagThreshold")
func Set(value any, path ...any) Edit {
	return func(object map[string]any) error {
		if number, isInt := value.(int); isInt {
			value = int64(number) // the only integer that JSON objects of Kubernetes know
		}
		return set(object, value, path)
	}
}

func set(in, value any, path []any) error {
	if len(path) == 0 {
		return errors.New("nothing to set")
	}
	if list, isList := in.([]any); isList {
		index, isIndex := path[0].(int)
		if !isIndex || index >= len(list) || len(path) == 1 {
			return fmt.Errorf("no element %v in a list of %d", path[0], len(list))
		}
		return set(list[index], value, path[1:])
	}
	fields, isObject := in.(map[string]any)
	key, isKey := path[0].(string)
	if !isObject || !isKey {
		return fmt.Errorf("no field %v in %v", path[0], in)
	}
	switch {
	case len(path) == 1 && value == nil:
		delete(fields, key)
	case len(path) == 1:
		fields[key] = value
	default:
		if _, there := fields[key]; !there {
			fields[key] = map[string]any{}
		}
		return set(fields[key], value, path[1:])
	}
	return nil
}

// Named renames the object and its target, to apply an example more than once in a scenario.
func Named(name string) Edit {
	return func(object map[string]any) error {
		if err := set(object, name, []any{"metadata", "name"}); err != nil {
			return err
		}
		if object["kind"] != "ScaledObject" {
			return nil
		}
		return set(object, name, []any{"spec", "scaleTargetRef", "name"})
	}
}

// On makes every trigger look at this topic and group, as Topic and Group named them.
func On(topic, group string) Edit {
	return eachTrigger(func(_, metadata map[string]any) { metadata["topic"], metadata["consumerGroup"] = topic, group })
}

// BuiltIn makes every trigger of lagwise the kafka trigger that is built into KEDA: the way back of the README.
func BuiltIn() Edit {
	return eachTrigger(func(trigger, metadata map[string]any) {
		if _, external := metadata["scalerAddress"]; external {
			trigger["type"] = "kafka"
			delete(metadata, "scalerAddress")
		}
	})
}

func eachTrigger(change func(trigger, metadata map[string]any)) Edit {
	return func(object map[string]any) error {
		triggers, found, err := unstructured.NestedFieldNoCopy(object, "spec", "triggers")
		list, isList := triggers.([]any)
		if err != nil || !found || !isList {
			return fmt.Errorf("no triggers: %w", err)
		}
		for _, element := range list {
			trigger, _ := element.(map[string]any)
			metadata, isObject := trigger["metadata"].(map[string]any)
			if !isObject {
				return errors.New("a trigger without metadata")
			}
			change(trigger, metadata)
		}
		return nil
	}
}

// Apply applies a file of examples/ and returns its ScaledObject or ScaledJob. Applied again, it changes what is there. Of
// every trigger that names them, topics and groups become the scenario's own, and brokers and lagwise those that it uses;
// edits come after that.
func (s *Scenario) Apply(file string, edits ...Edit) *unstructured.Unstructured {
	s.t.Helper()
	content, err := os.ReadFile(filepath.Join(s.stage.root, "examples", file)) //nolint:gosec // an example of this repository
	s.Fatal(err)
	return s.ApplyText(string(content), edits...)
}

// ApplyText is Apply for a manifest that is no example.
func (s *Scenario) ApplyText(manifest string, edits ...Edit) *unstructured.Unstructured {
	s.t.Helper()
	var scaled *unstructured.Unstructured
	for decoder := yaml.NewYAMLOrJSONDecoder(bytes.NewBufferString(manifest), 4096); ; {
		object := &unstructured.Unstructured{}
		err := decoder.Decode(&object.Object)
		if errors.Is(err, io.EOF) {
			break
		}
		s.Fatal(err)
		if kind := object.GetKind(); kind == "ScaledObject" || kind == "ScaledJob" {
			for _, edit := range append([]Edit{eachTrigger(s.makeOwn)}, edits...) {
				s.Fatal(edit(object.Object))
			}
			scaled = object
		}
		s.apply(object)
	}
	return scaled
}

func (s *Scenario) makeOwn(_, metadata map[string]any) {
	address := s.ScalerAddress
	if address == "" {
		address = s.Lagwise.Address()
	}
	for key, own := range map[string]func(string) string{
		"scalerAddress":              func(string) string { return address },
		"bootstrapServers":           func(string) string { return s.Kafka.Address() },
		"consumerGroup":              s.own,
		"topic":                      s.ownEach(","),
		"topicPattern":               s.own,
		"lagThresholdByTopic":        s.ownEach(","),
		"partitionLimitationByTopic": s.ownEach(";"),
	} {
		if written, isText := metadata[key].(string); isText {
			metadata[key] = own(written)
		}
	}
}

// ownEach makes the topics of a list the scenario's own, alone or before an equals sign.
func (s *Scenario) ownEach(separator string) func(list string) string {
	return func(list string) string {
		each := strings.Split(list, separator)
		for i := range each {
			topic, value, ofTopic := strings.Cut(strings.TrimSpace(each[i]), "=")
			if each[i] = s.own(topic); ofTopic {
				each[i] += "=" + value
			}
		}
		return strings.Join(each, separator)
	}
}

// Put is Apply for an object of Kubernetes' own, which goes into the scenario's namespace unless it names another.
func (s *Scenario) Put(object runtime.Object) {
	s.t.Helper()
	kinds, _, err := scheme.Scheme.ObjectKinds(object)
	s.Fatal(err)
	fields, err := runtime.DefaultUnstructuredConverter.ToUnstructured(object)
	s.Fatal(err)
	whole := &unstructured.Unstructured{Object: fields}
	whole.SetGroupVersionKind(kinds[0])
	s.apply(whole)
}

// apply does what "kubectl apply --server-side" does, again where a busy API server could not answer in time.
func (s *Scenario) apply(object *unstructured.Unstructured) {
	s.t.Helper()
	if object.GetNamespace() == "" {
		object.SetNamespace(s.Namespace)
	}
	kind := object.GroupVersionKind()
	resource := kind.GroupVersion().WithResource(strings.ToLower(kind.Kind) + "s")
	s.Eventually(Patience, func() error {
		_, err := s.Objects.Resource(resource).Namespace(object.GetNamespace()).Apply(s.t.Context(), object.GetName(), object,
			metav1.ApplyOptions{FieldManager: "e2e", Force: true})
		if err == nil {
			return nil
		}
		err = fmt.Errorf("apply %s %s: %w", kind.Kind, object.GetName(), err)
		if apierrors.IsInvalid(err) || apierrors.IsBadRequest(err) {
			s.Fatal(err)
		}
		return err
	})
}

// Scaled reads a ScaledObject as it is now.
func (s *Scenario) Scaled(ctx context.Context, name string) (*unstructured.Unstructured, error) {
	object, err := s.Objects.Resource(ScaledObjects).Namespace(s.Namespace).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return nil, fmt.Errorf("read ScaledObject %s: %w", name, err)
	}
	return object, nil
}

// Ref is how KEDA asks lagwise about a trigger of an applied object.
func Ref(object *unstructured.Unstructured, trigger int) *pb.ScaledObjectRef {
	ref := &pb.ScaledObjectRef{Namespace: object.GetNamespace(), Name: object.GetName(), ScalerMetadata: map[string]string{}}
	triggers, _, _ := unstructured.NestedSlice(object.Object, "spec", "triggers")
	asked, _ := triggers[trigger].(map[string]any)
	metadata, _ := asked["metadata"].(map[string]any)
	for key, value := range metadata {
		ref.ScalerMetadata[key] = fmt.Sprint(value)
	}
	return ref
}
