package audit_test

import (
	"testing"
	"time"

	"github.com/lagwise/lagwise/internal/audit"
)

func sample(before, keda, after float64) audit.Sample {
	return audit.Sample{Before: value(before, true), KEDA: value(keda, true), After: value(after, true)}
}

func TestCompare(t *testing.T) {
	t.Parallel()
	late := func(s audit.Sample) audit.Sample { s.KEDA.Late = true; return s }
	rounded := func(s audit.Sample) audit.Sample { s.KEDA.Exact = 0.01; return s }
	for name, test := range map[string]struct {
		sample  audit.Sample
		verdict audit.Verdict
		by      float64
	}{
		"the same":                            {sample(25, 25, 25), audit.Same, 0},
		"both nothing":                        {sample(0, 0, 0), audit.Same, 0},
		"one off while nothing moves":         {sample(1000, 1001, 1000), audit.Differs, 1},
		"far off":                             {sample(25, 40, 25), audit.Differs, 15},
		"between":                             {sample(25, 30, 40), audit.Moved, 0},
		"between, falling":                    {sample(40, 30, 25), audit.Moved, 0},
		"as before":                           {sample(25, 25, 40), audit.Moved, 0},
		"a little outside while it moves":     {sample(100, 104, 90), audit.Moved, 0},
		"far outside while it moves":          {sample(100, 130, 90), audit.Differs, 30},
		"below what moves":                    {sample(100, 70, 90), audit.Differs, 20},
		"of the HPA, standing still":          {late(sample(25, 25, 25)), audit.Same, 0},
		"of the HPA, while it moves":          {late(sample(25, 99, 40)), audit.Unknown, 0},
		"of the HPA, off and standing still":  {late(sample(25, 0, 25)), audit.Differs, 25},
		"of the HPA, rounded":                 {rounded(sample(25, 25.009, 25)), audit.Same, 0},
		"KEDA says nothing":                   {audit.Sample{Before: value(1, true), After: value(1, true)}, audit.Unknown, 0},
		"lagwise says nothing":                {audit.Sample{KEDA: value(1, true), Before: audit.Answer{Cause: "unreachable"}}, audit.Unknown, 0},
		"lagwise says nothing the other time": {audit.Sample{KEDA: value(1, true), Before: value(1, true)}, audit.Unknown, 0},
	} {
		if got := audit.Compare(test.sample, 0.05); got.Verdict != test.verdict || got.By != test.by {
			t.Errorf("%s: want %s by %v, got %+v", name, test.verdict, test.by, got)
		}
	}
}

// A watch keeps a difference as one stretch with its beginning, its end and its worst.
func TestWatched(t *testing.T) {
	t.Parallel()
	var w audit.Watched
	begun := 0
	for i, s := range []audit.Sample{
		sample(5, 5, 5), sample(5, 9, 5), sample(5, 25, 5), sample(5, 8, 5), sample(5, 5, 5), {}, sample(5, 6, 5),
	} {
		var began bool
		w, began = w.Add(noon.Add(time.Duration(i)*time.Minute), s, audit.Compare(s, 0), time.Hour)
		if began {
			begun++
		}
	}
	if w.Rounds != 7 || w.Same != 2 || w.Differs != 4 || w.Unknown != 1 || begun != 2 || len(w.Differences) != 2 {
		t.Fatalf("got %+v, begun %d times", w, begun)
	}
	first := w.Differences[0]
	if first.By != 20 || first.Rounds != 3 || *first.KEDA.Value != 25 || !first.From.Equal(noon.Add(time.Minute)) || !first.Until.Equal(noon.Add(3*time.Minute)) {
		t.Errorf("got %+v", first)
	}
}

// KEDA knows of work since its latest poll: only what lasts longer than that is a difference.
func TestActivityThatLastsIsADifference(t *testing.T) {
	t.Parallel()
	const patience = 45 * time.Second
	asleep := audit.Sample{Before: value(5, true), KEDA: value(5, false), After: value(5, true)}
	awake := sample(5, 5, 5)
	var w audit.Watched
	for i, s := range []audit.Sample{awake, asleep, asleep, awake, asleep, asleep, asleep, asleep} {
		w, _ = w.Add(noon.Add(time.Duration(i)*20*time.Second), s, audit.Compare(s, 0), patience)
	}
	if len(w.Differences) != 1 || w.Differences[0].What != "activity" || !w.Differences[0].From.Equal(noon.Add(80*time.Second)) || w.Same != 8 {
		t.Errorf("got %+v", w)
	}
}

// What is kept of a trigger that differs all day is bounded, and what goes on is still followed.
func TestManyDifferences(t *testing.T) {
	t.Parallel()
	var w audit.Watched
	for i := range 1000 {
		s := sample(5, float64(5+i%2), 5)
		w, _ = w.Add(noon.Add(time.Duration(i)*time.Minute), s, audit.Compare(s, 0), time.Hour)
	}
	if len(w.Differences) != 100 || w.More != 400 {
		t.Errorf("kept %d and counted %d more", len(w.Differences), w.More)
	}
}
