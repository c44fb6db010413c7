package lag

import "math"

// The offsets of a broken or hostile source must not turn a huge lag into a negative one, so sums and products stop at
// the ends of int64. KEDA's wrap around. Once a sum has stopped there, later terms move it back from the end, not from
// the true sum; no real log comes near.

func add(a, b int64) int64 {
	sum := a + b
	switch {
	case a > 0 && b > 0 && sum < 0:
		return math.MaxInt64
	case a < 0 && b < 0 && sum >= 0:
		return math.MinInt64
	}
	return sum
}

func sub(a, b int64) int64 {
	difference := a - b
	switch {
	case a >= 0 && b < 0 && difference < 0:
		return math.MaxInt64
	case a < 0 && b > 0 && difference >= 0:
		return math.MinInt64
	}
	return difference
}

// times expects neither factor to be negative.
func times(a, b int64) int64 {
	if a > 0 && b > math.MaxInt64/a {
		return math.MaxInt64
	}
	return a * b
}
