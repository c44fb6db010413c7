package lag_test

import (
	"testing"
	"time"

	"github.com/lagwise/lagwise/scalers/lag"
)

// TestSustainedLagOnlyEverDelays: who is active by sustained lag is so by lag, with the same metric; lag of which nothing came
// lately activates at once, and lag that has only now come and was never seen before does not.
func TestSustainedLagOnlyEverDelays(t *testing.T) {
	t.Parallel()
	forRandom(t, randomCases/6, func(t *testing.T, rules lag.Rules, view lag.View) {
		t.Helper()
		byLag, err := rules.Policy().Decide(view)
		if err != nil {
			return
		}
		const long = 25 * time.Second
		rules.SustainedFor = long
		if got := decide(t, rules, view); got.Value != byLag.Value || got.Active && !byLag.Active {
			t.Fatalf("sustained %+v, by lag %+v", got.Answer, byLag.Answer)
		}
		old, fresh := view, view
		old.Latest, fresh.Latest = copied(view.Latest), copied(view.Latest)
		for i := range old.Latest.Partitions {
			old.Latest.Partitions[i].Facts = &lag.Facts{Since: []lag.Since{{Age: long}}}
			p := &fresh.Latest.Partitions[i]
			p.Facts = &lag.Facts{Since: []lag.Since{{Age: long, Found: true, Timestamp: view.Now}}}
			p.Committed, p.HasCommitted = max(0, p.Committed), true
		}
		if got := decide(t, rules, old); got.Answer != byLag.Answer {
			t.Fatalf("nothing came lately: %+v, by lag %+v", got.Answer, byLag.Answer)
		}
		fresh.History = nil
		if got := decide(t, rules, fresh); got.Active {
			t.Fatalf("everything has only now come: %+v", got.Answer)
		}
	})
}
