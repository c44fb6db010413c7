package hpa_test

import (
	"testing"

	"github.com/lagwise/lagwise/internal/hpa"
)

// The numbers are those of KEDA's documentation of scaling strategies; test/parity compares with KEDA itself.
func TestJobs(t *testing.T) {
	t.Parallel()
	ten := func(strategy hpa.JobStrategy) hpa.ScaledJob {
		return hpa.ScaledJob{MaxReplicas: 10, HasMax: true, Strategy: strategy}
	}
	custom := ten(hpa.CustomStrategy)
	custom.Deduction, custom.RunningShare = 1, 0.5
	atLeastTwo := ten(hpa.DefaultStrategy)
	atLeastTwo.MinReplicas = 2
	several := func(together hpa.Together) hpa.ScaledJob { return hpa.ScaledJob{Together: together} }
	two := []hpa.JobTrigger{job(6, 1), job(9, 1)}
	for _, c := range []struct {
		name             string
		job              hpa.ScaledJob
		running, pending int64
		triggers         []hpa.JobTrigger
		want             hpa.Jobs
	}{
		{"nothing to do", ten(hpa.DefaultStrategy), 0, 0, []hpa.JobTrigger{{Metric: job(0, 1).Metric}}, hpa.Jobs{Bound: hpa.JobsInactive}},
		{"one for each target", ten(hpa.DefaultStrategy), 0, 0, []hpa.JobTrigger{job(13, 5)}, hpa.Jobs{Start: 3, Asked: 3, Queue: 13}},
		{"those that run are taken off", ten(hpa.DefaultStrategy), 2, 0, []hpa.JobTrigger{job(3, 1)}, hpa.Jobs{Start: 1, Asked: 3, Queue: 3, Bound: hpa.JobsByStrategy}},
		{"no more than the maximum", ten(hpa.DefaultStrategy), 0, 0, []hpa.JobTrigger{job(30, 1)}, hpa.Jobs{Start: 10, Asked: 30, Queue: 30, Bound: hpa.JobsByMax}},
		{"the maximum is 100 unless set", hpa.ScaledJob{}, 0, 0, []hpa.JobTrigger{job(300, 1)}, hpa.Jobs{Start: 100, Asked: 300, Queue: 300, Bound: hpa.JobsByMax}},
		{"custom", custom, 2, 0, []hpa.JobTrigger{job(6, 1)}, hpa.Jobs{Start: 4, Asked: 6, Queue: 6, Bound: hpa.JobsByStrategy}},
		{"accurate takes off what has not begun", ten(hpa.AccurateStrategy), 3, 1, []hpa.JobTrigger{job(4, 1)}, hpa.Jobs{Start: 3, Asked: 4, Queue: 4, Bound: hpa.JobsByStrategy}},
		{"eager fills up", ten(hpa.EagerStrategy), 3, 0, []hpa.JobTrigger{job(4, 1)}, hpa.Jobs{Start: 4, Asked: 4, Queue: 4}},
		{"the minimum first", atLeastTwo, 0, 0, []hpa.JobTrigger{job(9, 1)}, hpa.Jobs{Start: 2, Asked: 9, Queue: 9, Bound: hpa.JobsByMin}},
		{"the greatest", several(hpa.TogetherMax), 0, 0, two, hpa.Jobs{Start: 9, Asked: 9, Queue: 9}},
		{"the smallest", several(hpa.TogetherMin), 0, 0, two, hpa.Jobs{Start: 6, Asked: 6, Queue: 6}},
		{"the average, rounded up", several(hpa.TogetherAverage), 0, 0, two, hpa.Jobs{Start: 8, Asked: 8, Queue: 8}},
		{"the sum", several(hpa.TogetherSum), 0, 0, two, hpa.Jobs{Start: 15, Asked: 15, Queue: 15}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if got := c.job.Poll(c.running, c.pending, c.triggers...); got != c.want {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
		})
	}
}

func job(value, target float64) hpa.JobTrigger {
	return hpa.JobTrigger{Metric: hpa.Metric{Value: hpa.Milli(value), Target: hpa.Milli(target)}, Active: true}
}
