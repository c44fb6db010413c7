package server

import (
	"fmt"
	"math"
)

const (
	// largest is the greatest number that leaves. Older KEDA counts in thousandths in an int64, which overflows a little
	// above it (pkg/scalers/scaler.go, GenerateMetricInMili), and up to here a float64 holds every whole number.
	largest = 9e15
	// smallestTarget is the least target that KEDA can write down; it rounds to thousandths, and the HPA refuses a
	// target of 0 (pkg/scalers/scaler.go, GetMetricTargetMili).
	smallestTarget = 0.001
)

// wireTarget gives both forms of a metric's target: KEDA before 2.17 reads only the int64, which is rounded up so that
// it is never 0. A target that is not a number above zero is a mistake of the scaler's, yet KEDA needs a spec to start
// at all, so 1 stands in for it.
func wireTarget(target float64) (whole int64, fraction float64) {
	if math.IsNaN(target) || target <= 0 {
		target = 1
	}
	target = min(max(target, smallestTarget), largest)
	return int64(math.Ceil(target)), target
}

// wireValue gives both forms of a metric's value. The int64 is rounded up: little work is not no work.
func wireValue(value float64) (whole int64, fraction float64, err error) {
	if math.IsNaN(value) || math.IsInf(value, 0) {
		return 0, 0, fmt.Errorf("the scaler's value is %v, which is not a number for KEDA", value)
	}
	value = min(max(value, 0), largest)
	return int64(math.Ceil(value)), value, nil
}
