package scalers

import "strings"

// MetricName replaces what Kubernetes does not allow in a metric's name, as KEDA's own scalers do it
// (KEDA: pkg/util/normalize_string.go). KEDA does not do it for external scalers.
func MetricName(name string) string {
	return strings.NewReplacer("/", "-", ".", "-", ":", "-", "%", "-", "(", "-", ")", "-").Replace(name)
}
