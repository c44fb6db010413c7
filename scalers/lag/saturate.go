package lag

import (
	"math"
	"math/bits"
)

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

// scale is n * by / of, rounded up; it saturates. by and of are above zero.
func scale(n, by, of int64) int64 {
	if n < 0 {
		if n == math.MinInt64 {
			n++
		}
		quotient, _ := multiplied(-n, by, of)
		return -quotient
	}
	quotient, rest := multiplied(n, by, of)
	if rest && quotient < math.MaxInt64 {
		quotient++
	}
	return quotient
}

// multiplied is n * by / of rounded down, and whether anything is left over.
func multiplied(n, by, of int64) (quotient int64, rest bool) {
	high, low := bits.Mul64(uint64(n), uint64(by)) //nolint:gosec // none of them is negative
	if high >= uint64(of) {                        //nolint:gosec // above zero
		return math.MaxInt64, false
	}
	wide, remainder := bits.Div64(high, low, uint64(of)) //nolint:gosec // above zero
	if wide > math.MaxInt64 {
		return math.MaxInt64, false
	}
	return int64(wide), remainder > 0
}
