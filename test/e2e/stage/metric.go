package stage

import (
	"encoding/json"
	"fmt"

	"k8s.io/apimachinery/pkg/api/resource"
)

// Metric is what an HPA is told when it asks for the metric of a ScaledObject's only trigger: KEDA's answer through the
// external metrics API.
func (s *Scenario) Metric(scaledObject string) (float64, error) {
	hpa, err := s.HPA(scaledObject)
	if err != nil {
		return 0, err
	}
	if len(hpa.Spec.Metrics) != 1 || hpa.Spec.Metrics[0].External == nil {
		return 0, fmt.Errorf("want one external metric, the HPA of %s has %v", scaledObject, hpa.Spec.Metrics)
	}
	answer, err := s.Client.Discovery().RESTClient().Get().
		AbsPath("/apis/external.metrics.k8s.io/v1beta1/namespaces", s.Namespace, hpa.Spec.Metrics[0].External.Metric.Name).
		Param("labelSelector", "scaledobject.keda.sh/name="+scaledObject).DoRaw(s.t.Context())
	if err != nil {
		return 0, fmt.Errorf("ask for the metric of %s: %w", scaledObject, err)
	}
	var values struct {
		Items []struct{ Value resource.Quantity }
	}
	if err := json.Unmarshal(answer, &values); err != nil || len(values.Items) != 1 {
		return 0, fmt.Errorf("want one value of %s, got %s: %w", scaledObject, answer, err)
	}
	return values.Items[0].Value.AsApproximateFloat64(), nil
}
