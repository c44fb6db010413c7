package closedloop_test

import (
	"slices"
	"testing"

	"github.com/lagwise/lagwise/test/e2e/closedloop"
)

func TestClaims(t *testing.T) {
	t.Parallel()
	flapping := closedloop.Loop{Trigger: closedloop.KEDA, Commit: "queued", Reversals: 4, Lost: 1800}
	held := closedloop.Loop{Trigger: closedloop.Quiet, Commit: "queued"}
	inTime := closedloop.Loop{Trigger: closedloop.InTime, Commit: "after", Drained: []float64{34, 40, 46}, FirstRecords: []float64{1, 0, 0}}
	for _, row := range []struct {
		loops []closedloop.Loop
		want  []string
	}{
		{loops: []closedloop.Loop{flapping, held, inTime}},
		{
			loops: []closedloop.Loop{held},
			want:  []string{"KEDA's own trigger has no reversal that quietPeriod could remove"},
		},
		{
			loops: []closedloop.Loop{flapping, {Trigger: closedloop.Quiet, Commit: "before", Reversals: 1}},
			want:  []string{"external-push, quietPeriod, commit=before: reversals: 1"},
		},
		{
			loops: []closedloop.Loop{{Trigger: closedloop.Lagwise, Commit: "after", Lost: 1}},
			want:  []string{"external-push, commit=after: lost 1 records that were committed after they were processed"},
		},
		{
			loops: []closedloop.Loop{{Trigger: closedloop.InTime, Commit: "after", Drained: []float64{33.9, 40, 46.6}, FirstRecords: []float64{0, 0, 0.5}}},
			want: []string{
				"external-push, drainWithin, commit=after: skew 0: done after 46.6 s, promised within 46.5 s",
			},
		},
	} {
		report := closedloop.Report{Workloads: []closedloop.Workload{{Settings: closedloop.Settings{DrainWithin: 40}, Loops: row.loops}}}
		if got := report.Refuted(); !slices.Equal(got, row.want) {
			t.Errorf("want %q, got %q", row.want, got)
		}
	}
}
