package audit

import (
	"fmt"
	"math"
	"time"
)

// Answer is what one side says of a trigger, or why it says nothing.
type Answer struct {
	// Value is the metric over all replicas; nil where there is none, and Why says why.
	Value *float64 `json:"value"`
	// Active is nil where it is not known. KEDA's is that of its latest poll.
	Active *bool  `json:"active"`
	Why    string `json:"why,omitempty"`
	// Cause is lagwise's word for why there is no answer, such as refused or unreachable.
	Cause string    `json:"cause,omitempty"`
	At    time.Time `json:"at,omitzero"`
	// Exact is by how much Value may be off for how it was read.
	Exact float64 `json:"-"`
	// Late says that Value was heard some time ago, as an HPA's number was: at its latest sync.
	Late bool `json:"-"`
}

// Sample is KEDA's answer between two of lagwise's: one observation that is older, and one that is newer.
type Sample struct{ Before, KEDA, After Answer }

// Verdict is how the two answers compare.
type Verdict string

// Verdicts.
const (
	// Same: KEDA's number is lagwise's.
	Same Verdict = "same"
	// Moved: the lag moved meanwhile, and KEDA's number lies between lagwise's two, or within the tolerance of them.
	Moved Verdict = "moved meanwhile"
	// Differs: KEDA's number is neither.
	Differs Verdict = "differs"
	// Unknown: one side gave no number.
	Unknown Verdict = "not known"
)

// Comparison is a verdict and what it stands on.
type Comparison struct {
	Verdict Verdict `json:"verdict"`
	// By is how far KEDA's number is from the nearer one of lagwise's; 0 where it does not differ.
	By   float64 `json:"by"`
	Note string  `json:"note,omitempty"`
	// ActivityDiffers says that one side sees work and the other does not. KEDA's word is that of its latest poll, so this alone is
	// no difference: see Watched.
	ActivityDiffers bool `json:"activityDiffers,omitempty"`
}

// nothing is less than the API's own rounding, to a thousandth.
const nothing = 0.0005

// Compare decides on a sample. tolerance is the part of lagwise's number by which KEDA's may lie outside the two, where these are not
// alike: on a topic that moves nobody can ask both sides about the same instant.
func Compare(s Sample, tolerance float64) Comparison {
	if s.KEDA.Value == nil || s.Before.Value == nil || s.After.Value == nil {
		return Comparison{Verdict: Unknown, ActivityDiffers: activityDiffers(s)}
	}
	keda, least, most := *s.KEDA.Value, min(*s.Before.Value, *s.After.Value), max(*s.Before.Value, *s.After.Value)
	off := max(least-keda, keda-most, 0)
	slack := nothing + s.KEDA.Exact
	c := Comparison{ActivityDiffers: activityDiffers(s)}
	switch moves := most-least > nothing; {
	case off <= slack && !moves:
		c.Verdict = Same
	case off <= slack:
		c.Verdict = Moved
	case moves && s.KEDA.Late:
		c.Verdict, c.Note = Unknown, "KEDA's number is that of the HPA's latest sync, and the lag moves"
	case moves && off <= slack+tolerance*most:
		c.Verdict, c.Note = Moved, fmt.Sprintf("within %g%% while the lag moved", tolerance*100)
	default:
		c.Verdict, c.By = Differs, math.Round(off*1000)/1000
	}
	return c
}

// activityDiffers only where lagwise said the same before and after.
func activityDiffers(s Sample) bool {
	before, keda, after := s.Before.Active, s.KEDA.Active, s.After.Active
	return before != nil && keda != nil && after != nil && *before == *after && *before != *keda
}
