package audit

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// MetricOf reads the external metrics API's answer: the metric over all replicas.
func MetricOf(answer []byte) (float64, error) {
	var list struct {
		Items []struct {
			Value string `json:"value"`
		} `json:"items"`
	}
	if err := json.Unmarshal(answer, &list); err != nil {
		return 0, fmt.Errorf("reading KEDA's metric: %w", err)
	}
	if len(list.Items) != 1 {
		return 0, fmt.Errorf("KEDA gave %d values, not one", len(list.Items))
	}
	return quantity(list.Items[0].Value)
}

// HPAMetricOf reads what an HPA last heard of a metric, and how exact that is: the HPA keeps the part of one replica, rounded up
// to a thousandth (autoscaling/v2).
func HPAMetricOf(answer []byte, metric string) (value, exact float64, err error) {
	var hpa struct {
		Status struct {
			CurrentReplicas float64 `json:"currentReplicas"`
			CurrentMetrics  []struct {
				External *struct {
					Metric  struct{ Name string }
					Current struct{ Value, AverageValue string }
				} `json:"external"`
			} `json:"currentMetrics"`
		} `json:"status"`
	}
	if err := json.Unmarshal(answer, &hpa); err != nil {
		return 0, 0, fmt.Errorf("reading the HPA: %w", err)
	}
	for _, current := range hpa.Status.CurrentMetrics {
		switch external := current.External; {
		case external == nil || external.Metric.Name != metric:
		case external.Current.AverageValue != "":
			each, err := quantity(external.Current.AverageValue)
			return each * hpa.Status.CurrentReplicas, hpa.Status.CurrentReplicas / 1000, err
		default:
			value, err := quantity(external.Current.Value)
			return value, 0, err
		}
	}
	return 0, 0, errors.New("the HPA has no number yet; it has none while the workload sleeps")
}

// quantity reads a number as Kubernetes writes it: 25, 25500m, 12k, 1e3, 2Ki.
func quantity(text string) (float64, error) {
	digits := strings.TrimRight(text, "numkMGTPEKi")
	factor, known := map[string]float64{
		"": 1, "n": 1e-9, "u": 1e-6, "m": 1e-3, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15, "E": 1e18,
		"Ki": 1 << 10, "Mi": 1 << 20, "Gi": 1 << 30, "Ti": 1 << 40, "Pi": 1 << 50, "Ei": 1 << 60,
	}[text[len(digits):]]
	number, err := strconv.ParseFloat(digits, 64)
	if err != nil || !known || math.IsNaN(number) || math.IsInf(number, 0) {
		return 0, fmt.Errorf("%q is no number of Kubernetes", text)
	}
	return number * factor, nil
}
