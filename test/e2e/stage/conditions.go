package stage

import (
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// AwaitCondition waits until a condition of a ScaledObject, such as Ready or Active, has the status True, False or Unknown.
func (s *Scenario) AwaitCondition(name, condition, status string) {
	s.t.Helper()
	s.Eventually(Patience, func() error {
		object, err := s.Scaled(s.t.Context(), name)
		if err != nil {
			return err
		}
		now, all, err := statusOf(object, condition)
		if err == nil && now != status {
			err = fmt.Errorf("want %s to be %s=%s, its conditions are %v", name, condition, status, all)
		}
		return err
	})
}

// AwaitScaledJob waits until KEDA has polled the ScaledJob's triggers since it was applied last.
func (s *Scenario) AwaitScaledJob(name string) {
	s.t.Helper()
	s.Eventually(Patience, func() error {
		object, err := s.Objects.Resource(ScaledJobs).Namespace(s.Namespace).Get(s.t.Context(), name, metav1.GetOptions{})
		if err != nil {
			return fmt.Errorf("read ScaledJob %s: %w", name, err)
		}
		now, all, err := statusOf(object, "Active")
		if err == nil && (now == "" || now == "Unknown") {
			err = fmt.Errorf("KEDA has not polled %s yet, its conditions are %v", name, all)
		}
		return err
	})
}

// statusOf reads the status of a condition, empty when KEDA has not set it yet; all conditions come along for complaints.
func statusOf(object *unstructured.Unstructured, condition string) (status string, all []any, err error) {
	all, _, err = unstructured.NestedSlice(object.Object, "status", "conditions")
	if err != nil {
		return "", nil, fmt.Errorf("read the conditions of %s: %w", object.GetName(), err)
	}
	for _, element := range all {
		if found, _ := element.(map[string]any); found["type"] == condition {
			status, _ = found["status"].(string)
		}
	}
	return status, all, nil
}
