package hpa_test

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/lagwise/lagwise/internal/hpa"
)

func TestReplicas(t *testing.T) {
	t.Parallel()
	autoscaler := hpa.Autoscaler{Min: 1, Max: 10, Tolerance: hpa.DefaultTolerance}
	for _, c := range []struct {
		name    string
		current int32
		metrics []hpa.Metric
		want    int32
	}{
		{"switched off at zero", 0, one(100, 10), 0},
		{"exactly on target", 3, one(30, 10), 3},
		{"a remainder needs one more", 1, one(31, 10), 4},
		{"no work keeps the minimum", 5, one(0, 10), 1},
		{"within tolerance above", 10, one(109, 10), 10},
		{"the end of the tolerance belongs to it", 2, one(22, 10), 2},
		{"just beyond the tolerance", 2, one(22.001, 10), 3},
		{"within tolerance below", 10, one(91, 10), 10},
		{"the lower end of the tolerance belongs to it", 10, one(90, 10), 10},
		{"just below the tolerance", 10, one(89.999, 10), 9},
		{"tolerance keeps more replicas than the quotient", 4, one(36, 10), 4},
		{"above the maximum", 1, one(1e6, 10), 10},
		{"a quotient beyond int32", 1, one(9e15, 0.001), 10},
		{"more replicas than allowed come first", 12, one(5, 10), 10},
		{"the greatest wish wins", 1, []hpa.Metric{{Value: 10_000, Target: 10_000}, {Value: 35_000, Target: 10_000}}, 4},
		{"nothing to go by", 4, nil, 4},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if got := autoscaler.Replicas(c.current, c.metrics...); got != c.want {
				t.Errorf("Replicas(%d, %v) = %d, want %d", c.current, c.metrics, got, c.want)
			}
		})
	}
	if got := (hpa.Autoscaler{Min: 3, Max: 10}).Replicas(1, one(0, 10)...); got != 3 {
		t.Errorf("below the minimum: %d, want 3", got)
	}
}

func one(value, target float64) []hpa.Metric {
	return []hpa.Metric{{Value: hpa.Milli(value), Target: hpa.Milli(target)}}
}

// TestReplicasAgreeWithBigNumbers compares with a calculation that cannot overflow or lose digits. A tolerance
// below zero is never kept to, so that the quotient alone decides.
func TestReplicasAgreeWithBigNumbers(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	everything := hpa.Autoscaler{Min: 1, Max: math.MaxInt32, Tolerance: -1}
	for range 50_000 {
		metric := hpa.Metric{Value: random.Int64() >> random.IntN(63), Target: 1 + random.Int64()>>random.IntN(63)}
		if metric.Target <= 0 {
			continue
		}
		want := ceilOfBig(metric)
		if got := everything.Replicas(1, metric); got != want {
			t.Fatalf("Replicas(1, %+v) = %d, want %d", metric, got, want)
		}
	}
}

func ceilOfBig(metric hpa.Metric) int32 {
	quotient, rest := new(big.Int).QuoRem(big.NewInt(metric.Value), big.NewInt(metric.Target), new(big.Int))
	if rest.Sign() > 0 {
		quotient.Add(quotient, big.NewInt(1))
	}
	if quotient.Cmp(big.NewInt(math.MaxInt32)) > 0 {
		return math.MaxInt32
	}
	return max(1, int32(quotient.Int64()))
}

// TestReplicasAgreeWithTheHPA compares with the HPA's own floating-point formula where that is exact: lag up to a
// million at whole targets.
func TestReplicasAgreeWithTheHPA(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(3, 4))
	autoscaler := hpa.Autoscaler{Min: 1, Max: math.MaxInt32, Tolerance: hpa.DefaultTolerance}
	for range 50_000 {
		metric := hpa.Metric{Value: 1000 * random.Int64N(1_000_000), Target: 1000 * (1 + random.Int64N(1000))}
		current := 1 + random.Int32N(200)
		want := current
		ratio := float64(metric.Value) / (float64(metric.Target) * float64(current))
		if ratio < 0.9 || ratio > 1.1 {
			want = max(1, int32(math.Ceil(float64(metric.Value)/float64(metric.Target))))
		}
		if got := autoscaler.Replicas(current, metric); got != want {
			t.Fatalf("Replicas(%d, %+v) = %d, want %d", current, metric, got, want)
		}
	}
}

func TestMilli(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		value float64
		want  int64
	}{
		{0, 0},
		{-1, 0},
		{math.NaN(), 0},
		{math.Inf(1), 0},
		{math.Inf(-1), 0},
		{1, 1000},
		{0.001, 1},
		{0.0004, 0},
		{2.5, 2500},
		{0.29, 290},
		{9e15, 9e18},
		{1e17, math.MaxInt64},
	} {
		if got := hpa.Milli(c.value); got != c.want {
			t.Errorf("Milli(%v) = %d, want %d", c.value, got, c.want)
		}
	}
}
