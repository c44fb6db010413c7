package lag

import "fmt"

// AboveThreshold is active when the lag, persistent lag included and before any limit, is strictly above threshold (key
// activationLagThreshold, default 0): lag equal to the threshold is not enough (KEDA: kafka_scaler.go,
// GetMetricsAndActivity).
func AboveThreshold(threshold int64) Activate {
	step := Step{Name: "activate"}
	if threshold != 0 {
		step.Key = "activationLagThreshold"
	}
	return Activate{
		Step: step,
		Do: func(_ View, t Total) (bool, Note) {
			if t.Persistent > threshold {
				return true, Note{Text: fmt.Sprintf("active: lag %d is above activationLagThreshold %d", t.Persistent, threshold)}
			}
			return false, Note{Text: fmt.Sprintf("inactive: lag %d is not above activationLagThreshold %d", t.Persistent, threshold)}
		},
	}
}
