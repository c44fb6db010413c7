package hpa

import "math"

// largest is the greatest number of thousandths that is used: the HPA reads them as an int64.
const largest = math.MaxInt64

// Milli is value as the HPA reads it, in whole thousandths. KEDA writes a number with three decimals, and not a number,
// infinities and negative numbers as 0 (KEDA: pkg/scalers/scaler.go, quantityFromFloat64).
func Milli(value float64) int64 {
	switch {
	case math.IsNaN(value), math.IsInf(value, 0), value <= 0:
		return 0
	case value >= largest/1000:
		return largest
	default:
		return int64(math.Round(value * 1000))
	}
}
