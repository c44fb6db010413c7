package cluster

import (
	"testing"
	"testing/synctest"
	"time"
)

// A burst makes the refresh and the urgent passes want the same groups at the same time.
func TestPassesOfOneTimeShareWhatTheyReadOfAGroup(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		kafka := NewFakeKafka()
		kafka.SetEnd("orders", 0, 7)
		kafka.SetEnd("refunds", 0, 7)
		kafka.Commit("billing", "orders", 0, 3)
		shared := newLedger(time.Minute, time.Minute)
		began := func(topics ...string) *pass {
			return &pass{admin: kafka, ledger: shared, at: time.Now(), wants: []Want{{Group: "billing", Topics: topics}}}
		}
		observe := func(p *pass) (committed int64, asked int) {
			kafka.TakeCalls()
			results, fault := p.observe(t.Context())
			if fault != nil || results[0].fault != nil {
				t.Fatal(fault, results[0].fault)
			}
			for _, call := range kafka.TakeCalls() {
				if call.Question == Commits {
					asked++
				}
			}
			return results[0].observation.Partitions[0].Committed, asked
		}
		refresh, urgent, wider, everything := began("orders"), began("orders"), began("orders", "refunds"), began()
		time.Sleep(time.Second)
		if committed, asked := observe(refresh); committed != 3 || asked != 1 {
			t.Errorf("the first pass asked %d times and saw %d", asked, committed)
		}
		kafka.Commit("billing", "orders", 0, 4)
		if committed, asked := observe(urgent); committed != 3 || asked != 0 {
			t.Errorf("the pass beside it asked %d times and saw %d", asked, committed)
		}
		if _, asked := observe(wider); asked != 1 {
			t.Error("a pass that wants more partitions did not ask for them")
		}
		if _, asked := observe(everything); asked == 0 {
			t.Error("a pass that wants whatever a group has committed did not ask")
		}
		time.Sleep(time.Second)
		if committed, asked := observe(began("orders")); committed != 4 || asked != 1 {
			t.Errorf("a later pass asked %d times and saw %d", asked, committed)
		}
	})
}
