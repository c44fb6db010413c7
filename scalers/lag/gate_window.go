package lag

import (
	"fmt"
	"time"
)

// Opening says whether a recurring stretch of time is open at an instant, and when that changes at the soonest; changes is
// false when it never does.
type Opening func(now time.Time) (open bool, next time.Time, changes bool)

// WindowMode says what a window does to an answer (key windowMode).
type WindowMode int

const (
	// WindowGate lets lag count inside the window only.
	WindowGate WindowMode = iota
	// WindowFloor keeps replicas running inside the window, lag or not.
	WindowFloor
	// WindowCap allows no more than so many replicas inside the window.
	WindowCap
)

// OnlyDuring answers 0 and inactive while the window is shut (windowMode gate).
func OnlyDuring(window Opening) Gate {
	return during(window, "gate", Needs{}, func(open bool, until string, _ View, _ Total, a Answer) (Answer, string) {
		if open {
			return a, fmt.Sprintf("the window is open%s: lag counts", until)
		}
		return Answer{Shut: true}, fmt.Sprintf("the window is shut%s: inactive, and the metric is 0 instead of %d", until, a.Value)
	})
}

// AtLeastDuring is active while the window is open, with a value for the replicas or more (windowMode floor). No cap at
// partitions applies to the replicas that the window asks for, each of which runs so many consumers of the group.
func AtLeastDuring(window Opening, replicas, consumers int64) Gate {
	return during(window, "floor", floorNeeds(replicas), func(open bool, until string, v View, t Total, a Answer) (Answer, string) {
		if !open {
			return a, fmt.Sprintf("the window is shut%s: no floor", until)
		}
		floor := atLeast(replicas, v, t, consumers)
		text := fmt.Sprintf("the window is open%s: active, with %s at least (%d)", until, several(replicas, "replica"), floor)
		return Answer{Value: max(a.Value, floor), Active: true}, text
	})
}

// AtMostDuring caps the value at the replicas while the window is open, and leaves the activation alone (windowMode cap).
// The value is an exact multiple of the target, so the HPA does not round it up.
func AtMostDuring(window Opening, replicas int64) Gate {
	return during(window, "cap", Needs{}, func(open bool, until string, _ View, t Total, a Answer) (Answer, string) {
		if !open {
			return a, fmt.Sprintf("the window is shut%s: no cap of its own", until)
		}
		ceiling := times(replicas, t.Target)
		text := fmt.Sprintf("the window is open%s: %s at most (%d)", until, several(replicas, "replica"), ceiling)
		a.Value = min(a.Value, ceiling)
		return a, text
	})
}

// during asks the window for the view's present, and to be asked again when the window opens or shuts.
func during(window Opening, name string, needs Needs, do func(open bool, until string, v View, t Total, a Answer) (Answer, string)) Gate {
	return Gate{
		Step: Step{Name: "window-" + name, Key: "windowStart", Needs: needs},
		Do: func(v View, t Total, a Answer) (Answer, Note) {
			open, next, changes := window(v.Now)
			if !changes {
				answer, text := do(open, " for ever", v, t, a)
				return answer, Note{Text: text}
			}
			answer, text := do(open, " until "+next.Format("2006-01-02 15:04:05 MST"), v, t, a)
			return answer, Note{Text: text, RevisitAt: next}
		},
	}
}
