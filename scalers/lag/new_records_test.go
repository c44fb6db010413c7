package lag_test

import (
	"testing"
	"time"

	"github.com/lagwise/lagwise/scalers/lag"
)

// TestNewRecordsOnlyEverActivate: without any sign of a new record nothing changes, with one in a partition that counts the
// trigger is active, and the metric is the same always.
func TestNewRecordsOnlyEverActivate(t *testing.T) {
	t.Parallel()
	forRandom(t, randomCases/6, func(t *testing.T, rules lag.Rules, view lag.View) {
		t.Helper()
		const within = time.Minute
		byLag, err := rules.Policy().Decide(view)
		if err != nil {
			return
		}
		rules.NewRecordsWithin = within
		quiet := view
		quiet.History = nil
		quiet.Latest = copied(view.Latest)
		for i := range quiet.Latest.Partitions {
			quiet.Latest.Partitions[i].Facts = &lag.Facts{Since: []lag.Since{{Age: within}, {Age: 2 * within, Found: true}}}
		}
		rules.ExcludePersistentLag = false // it looks back as well
		without := rules
		without.NewRecordsWithin = 0
		byLag = decide(t, without, quiet)
		if got := decide(t, rules, quiet); got.Active != byLag.Active || got.Value != byLag.Value {
			t.Fatalf("without a record: %+v, by lag %+v", got.Answer, byLag.Answer)
		}
		if len(byLag.Partitions) == 0 {
			return
		}
		chosen := byLag.Partitions[len(byLag.Partitions)/2].Partition
		for i := range quiet.Latest.Partitions {
			if p := &quiet.Latest.Partitions[i]; p.Topic == chosen.Topic && p.ID == chosen.ID {
				p.Facts = &lag.Facts{Since: []lag.Since{{Age: within, Found: true, Offset: p.End - 1, Timestamp: quiet.Now}}}
			}
		}
		if got := decide(t, rules, quiet); !got.Active || got.Value != byLag.Value {
			t.Fatalf("with a record in %s/%d: %+v, by lag %+v", chosen.Topic, chosen.ID, got.Answer, byLag.Answer)
		}
	})
}
