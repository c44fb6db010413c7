package lag_test

import (
	"math"
	"testing"
	"time"

	"github.com/lagwise/lagwise/scalers/lag"
)

// everySecondPeriod is a window that is open in the first of two periods, again and again.
func everySecondPeriod(period time.Duration) lag.Opening {
	return func(now time.Time) (open bool, next time.Time, changes bool) {
		began := now.Truncate(2 * period)
		if now.Before(began.Add(period)) {
			return true, began.Add(period), true
		}
		return false, began.Add(2 * period), true
	}
}

// TestWindowsOverrideWhatTheLagAsksFor: whatever the other rules, each mode changes in replicas what its words say, the
// HPA's rounding included, and nothing while it has nothing to say. The answer stands until the moment that it names.
func TestWindowsOverrideWhatTheLagAsksFor(t *testing.T) {
	t.Parallel()
	forRandom(t, randomCases/6, func(t *testing.T, rules lag.Rules, view lag.View) {
		t.Helper()
		without, err := rules.Policy().Decide(view)
		if err != nil {
			return
		}
		replicas := 1 + without.Value%7
		period := time.Duration(1+without.Lag&63) * time.Second
		rules.Window, rules.WindowReplicas = everySecondPeriod(period), replicas
		open, next, _ := rules.Window(view.Now)
		for _, mode := range []lag.WindowMode{lag.WindowGate, lag.WindowFloor, lag.WindowCap} {
			rules.WindowMode = mode
			got := decide(t, rules, view)
			want := without.Answer
			bound := int64(math.MaxInt64)
			if rules.Target <= math.MaxInt64/replicas {
				bound = rules.Target * replicas
			}
			switch {
			case mode == lag.WindowGate && !open:
				want = lag.Answer{Shut: true}
			case mode == lag.WindowFloor && open:
				want.Active, want.Value = true, max(want.Value, bound)
			case mode == lag.WindowCap && open:
				want.Value = min(want.Value, bound)
			}
			if got.Answer != want {
				t.Fatalf("mode %d, open %v, %d replicas: %+v, want %+v", mode, open, replicas, got.Answer, want)
			}
			later := view
			later.Now = next.Add(-1)
			if !got.RevisitAt.Equal(next) || decide(t, rules, later).Answer != got.Answer {
				t.Fatalf("mode %d: to be asked again at %s, want %s", mode, got.RevisitAt, next)
			}
		}
	})
}

func TestAWindowThatNeverChangesIsNotAskedAgain(t *testing.T) {
	t.Parallel()
	d := decide(t, lag.Rules{Target: 10, TopicList: true, Window: func(time.Time) (bool, time.Time, bool) {
		return false, time.Time{}, false
	}}, lag.View{})
	if !d.RevisitAt.IsZero() || !d.Shut {
		t.Errorf("decided %+v", d)
	}
}
