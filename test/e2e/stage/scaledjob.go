package stage

import (
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// AwaitScaledJob waits until KEDA has polled the ScaledJob's triggers since it was applied last.
func (s *Scenario) AwaitScaledJob(name string) {
	s.t.Helper()
	s.Eventually(Patience, func() error {
		object, err := s.Objects.Resource(ScaledJobs).Namespace(s.Namespace).Get(s.t.Context(), name, metav1.GetOptions{})
		if err != nil {
			return fmt.Errorf("read ScaledJob %s: %w", name, err)
		}
		conditions, _, err := unstructured.NestedSlice(object.Object, "status", "conditions")
		if err != nil {
			return fmt.Errorf("read the conditions of %s: %w", name, err)
		}
		for _, element := range conditions {
			if found, _ := element.(map[string]any); found["type"] == "Active" && found["status"] != "Unknown" {
				return nil
			}
		}
		return fmt.Errorf("KEDA has not polled %s yet, its conditions are %v", name, conditions)
	})
}
