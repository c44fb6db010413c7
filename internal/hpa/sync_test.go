package hpa_test

import (
	"slices"
	"testing"
	"time"

	"github.com/lagwise/lagwise/internal/hpa"
)

// That Sync does what Kubernetes does in all cases is shown in test/autoscaler, beside Kubernetes.
func TestSyncOverTime(t *testing.T) {
	t.Parallel()
	everyTwo := hpa.Direction{Stabilization: 30 * time.Second, Policies: []hpa.RatePolicy{{Value: 2, Period: time.Minute}}}
	for _, c := range []struct {
		name     string
		behavior *hpa.Behavior
		from     int32
		wishes   []int32 // one for each sync
		want     []int32
		bound    hpa.Bound // of the last
	}{
		{"up to 4, and then twice as many", nil, 1, []int32{20, 20, 20, 20}, []int32{4, 8, 16, 20}, hpa.Unbound},
		{"no farther than the maximum", nil, 16, []int32{99}, []int32{30}, hpa.ByMax},
		{
			"down after five minutes", nil, 5,
			[]int32{5, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2},
			append(slices.Repeat([]int32{5}, 21), 2), hpa.Unbound,
		},
		{"the defaults: by 4 or twice as many", &hpa.Behavior{Up: hpa.DefaultUp(), Down: hpa.DefaultDown()}, 1, []int32{30, 30, 30}, []int32{5, 10, 20}, hpa.ByPolicy},
		{"two a minute", &hpa.Behavior{Up: everyTwo, Down: everyTwo}, 6, []int32{6, 1, 1, 1, 1, 1, 1, 1}, []int32{6, 6, 4, 4, 4, 4, 2, 2}, hpa.ByPolicy},
		{"up only after half a minute", &hpa.Behavior{Up: everyTwo, Down: everyTwo}, 1, []int32{1, 9, 9, 9}, []int32{1, 1, 3, 3}, hpa.ByPolicy},
		{"never down", &hpa.Behavior{Up: everyTwo, Down: hpa.Direction{Select: hpa.SelectDisabled, Policies: everyTwo.Policies}}, 4, []int32{1, 1}, []int32{4, 4}, hpa.ByPolicy},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			autoscaler := hpa.Autoscaler{Min: 1, Max: 30, Tolerance: hpa.DefaultTolerance, Behavior: c.behavior}
			current, history := c.from, hpa.History{}
			var outcome hpa.Outcome
			for i, wish := range c.wishes {
				look := hpa.Look{At: time.Unix(1000, 0).Add(time.Duration(i) * hpa.DefaultSync), Current: current, Metrics: one(float64(wish), 1)}
				outcome, history = autoscaler.Sync(history, look)
				if current = outcome.Replicas; current != c.want[i] {
					t.Fatalf("sync %d: %+v, want %d replicas", i, outcome, c.want[i])
				}
			}
			if outcome.Bound != c.bound {
				t.Errorf("the last outcome is bound by %d, want %d", outcome.Bound, c.bound)
			}
		})
	}
}

func TestSyncWithoutAWish(t *testing.T) {
	t.Parallel()
	autoscaler := hpa.Autoscaler{Min: 2, Max: 10, Tolerance: hpa.DefaultTolerance}
	for _, c := range []struct {
		name string
		look hpa.Look
		want hpa.Outcome
	}{
		{"asleep", hpa.Look{Metrics: one(50, 10)}, hpa.Outcome{Bound: hpa.ByZero}},
		{"above the maximum", hpa.Look{Current: 12, Metrics: one(50, 10)}, hpa.Outcome{Replicas: 10, Bound: hpa.ByMax}},
		{"below the minimum", hpa.Look{Current: 1, Metrics: one(50, 10)}, hpa.Outcome{Replicas: 2, Bound: hpa.ByMin}},
		{"nothing can be read", hpa.Look{Current: 5, Failed: 1}, hpa.Outcome{Replicas: 5, Bound: hpa.ByFailure}},
		{"what can be read asks for less", hpa.Look{Current: 5, Failed: 1, Metrics: one(20, 10)}, hpa.Outcome{Replicas: 5, Bound: hpa.ByFailure}},
		{"what can be read asks for more", hpa.Look{Current: 5, Failed: 1, Metrics: one(80, 10)}, hpa.Outcome{Replicas: 8, Wish: 8, HasWish: true, Stabilised: 8}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if got, _ := autoscaler.Sync(hpa.History{}, c.look); got != c.want {
				t.Errorf("Sync(%+v) = %+v, want %+v", c.look, got, c.want)
			}
		})
	}
}
