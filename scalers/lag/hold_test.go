package lag_test

import (
	"testing"
	"time"

	"github.com/lagwise/lagwise/scalers/lag"
)

// TestHoldingOnlyEverRaises: nobody is let go whom the lag keeps, and whoever is held has the replicas; without any sign of
// a record or commit the answer is the lag's.
func TestHoldingOnlyEverRaises(t *testing.T) {
	t.Parallel()
	forRandom(t, randomCases/6, func(t *testing.T, rules lag.Rules, view lag.View) {
		t.Helper()
		byLag, err := rules.Policy().Decide(view)
		if err != nil {
			return
		}
		rules.QuietPeriod, rules.HoldReplicas = 25*time.Second, 1+byLag.Value&3
		held := decide(t, rules, view)
		if floor := rules.HoldReplicas * rules.Target; floor/rules.HoldReplicas == rules.Target {
			raised := lag.Answer{Value: max(byLag.Value, floor), Active: true}
			if held.Answer != byLag.Answer && held.Answer != raised {
				t.Fatalf("held %+v, by lag %+v", held.Answer, byLag.Answer)
			}
		}
		rules.ExcludePersistentLag = false // it looks back as well
		view.History = nil
		without := rules
		without.QuietPeriod = 0
		if got, want := decide(t, rules, view), decide(t, without, view); got.Answer != want.Answer {
			t.Fatalf("nothing is known to have happened, and it holds %+v, by lag %+v", got.Answer, want.Answer)
		}
	})
}

// TestStayingActiveChangesActivityAlone: what holds without replicas leaves the metric as it is, never makes inactive, and
// without any sign of a record or commit changes nothing.
func TestStayingActiveChangesActivityAlone(t *testing.T) {
	t.Parallel()
	forRandom(t, randomCases/6, func(t *testing.T, rules lag.Rules, view lag.View) {
		t.Helper()
		byLag, err := rules.Policy().Decide(view)
		if err != nil {
			return
		}
		quiet := rules
		quiet.QuietPeriod = 25 * time.Second
		active, commits := rules, rules
		active.MinActive, commits.CommitsStill = 25*time.Second, 25*time.Second
		held, stayed, moving := decide(t, quiet, view), decide(t, active, view), decide(t, commits, view)
		if want := (lag.Answer{Value: byLag.Value, Active: byLag.Active || held.Active}); stayed.Answer != want {
			t.Fatalf("minActive %+v, want %+v", stayed.Answer, want)
		}
		if moving.Value != byLag.Value || byLag.Active && !moving.Active || moving.Active && !stayed.Active {
			t.Fatalf("until commits stop %+v, by lag %+v, minActive %+v", moving.Answer, byLag.Answer, stayed.Answer)
		}
	})
}
