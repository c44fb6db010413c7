package hpa_test

import (
	"testing"

	"github.com/lagwise/lagwise/internal/hpa"
)

func TestFallbackIsAMetric(t *testing.T) {
	t.Parallel()
	autoscaler := hpa.Autoscaler{Min: 1, Max: 100, Tolerance: hpa.DefaultTolerance}
	for behavior, want := range map[hpa.FallbackBehavior][2]int32{
		hpa.FallbackStatic: {6, 6}, hpa.FallbackCurrent: {2, 9}, hpa.FallbackCurrentIfHigher: {6, 9}, hpa.FallbackCurrentIfLower: {2, 6},
	} {
		fallback := hpa.Fallback{Replicas: 6, Current: behavior}
		for i, current := range []int32{2, 9} {
			if got := autoscaler.Replicas(current, fallback.Metric(2500, current)); got != want[i] {
				t.Errorf("behaviour %d at %d replicas: %d, want %d", behavior, current, got, want[i])
			}
		}
	}
}
