package closedloop_test

import (
	"reflect"
	"testing"
	"time"

	"github.com/lagwise/lagwise/test/e2e/closedloop"
	"github.com/lagwise/lagwise/test/e2e/stage"
)

// Two bursts of two records to one partition: the first wakes a sleeper, the second one meets its consumer, which repeats a
// record, loses another, and goes, though another one comes for a second. What a pod of somebody else does is not counted.
func TestFigures(t *testing.T) {
	t.Parallel()
	began := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	at := func(s float64) time.Time { return began.Add(time.Duration(s * float64(time.Second))) }
	got := closedloop.Observed{
		Bursts: []time.Time{at(0), at(4)}, Records: []int{2},
		Changes: []stage.Change{
			{At: at(-1), Wanted: 0},
			{At: at(0.25), Wanted: 1},
			{At: at(0.5), Wanted: 1, Ready: 1},
			{At: at(1), Wanted: 3, Ready: 1},
			{At: at(5), Wanted: 1, Ready: 3},
			{At: at(6), Wanted: 2, Ready: 1},
			{At: at(7), Wanted: 0, Ready: 2},
		},
		Pods: []stage.PodLife{
			{Name: "a", From: at(0.5), To: at(7.5)},
			{Name: "b", From: at(1), To: at(5)},
			{Name: "d", From: at(6), To: at(7)},
		},
		Done: []stage.Record{
			{At: at(0.75), Pod: "a", Offset: 0},
			{At: at(1.5), Pod: "a", Offset: 1},
			{At: at(2.5), Pod: "b", Offset: 1},
			{At: at(4.5), Pod: "a", Offset: 2},
			{At: at(5.5), Pod: "c", Offset: 3},
		},
	}.Sum(closedloop.KEDA, "before")
	want := closedloop.Loop{
		Trigger: closedloop.KEDA, Commit: "before",
		Wakes: []*float64{new(0.25), nil}, FirstRecords: []float64{0.75, 0.5}, Drained: []float64{1.5, 0.5},
		MostReplicas: 3, Reversals: 2, ConsumerSeconds: 12, Lost: 1, Repeated: 1,
		Replicas:  []closedloop.Point{{}, {0.25, 1}, {1, 3}, {5, 1}, {6, 2}, {7, 0}},
		Processed: []closedloop.Point{{0, 0}, {1, 1}, {2, 2}, {3, 2}, {4, 2}, {5, 3}},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
}
