package cluster

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// A burst makes the refresh and the urgent snapshots need the same groups at the same time.
func TestSnapshotsOfOneTimeShareWhatTheyReadOfAGroup(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		kafka := NewFakeKafka()
		kafka.SetEnd("orders", 0, 7)
		kafka.SetEnd("refunds", 0, 7)
		kafka.Commit("billing", "orders", 0, 3)
		shared := newOffsetCache(time.Minute, time.Minute)
		var requests sync.WaitGroup
		began := func(topics ...string) *snapshot {
			return &snapshot{requests: &requests, client: kafka, cache: shared, at: time.Now(), wants: []Want{{Group: "billing", Topics: topics}}}
		}
		observe := func(s *snapshot) (committed int64, asked int) {
			kafka.TakeCalls()
			var got result
			s.deliver = func(_ int, r result) { got = r }
			s.run(t.Context())
			if got.fault != nil {
				t.Fatal(got.fault)
			}
			for _, call := range kafka.TakeCalls() {
				if call.Question == Commits {
					asked++
				}
			}
			return got.observation.Partitions[0].Committed, asked
		}
		refresh, urgent, wider, everything := began("orders"), began("orders"), began("orders", "refunds"), began()
		time.Sleep(time.Second)
		if committed, asked := observe(refresh); committed != 3 || asked != 1 {
			t.Errorf("the first snapshot asked %d times and saw %d", asked, committed)
		}
		kafka.Commit("billing", "orders", 0, 4)
		if committed, asked := observe(urgent); committed != 3 || asked != 0 {
			t.Errorf("the snapshot beside it asked %d times and saw %d", asked, committed)
		}
		if _, asked := observe(wider); asked != 1 {
			t.Error("a snapshot that wants more partitions did not ask for them")
		}
		if _, asked := observe(everything); asked == 0 {
			t.Error("a snapshot that wants whatever a group has committed did not ask")
		}
		time.Sleep(time.Second)
		if committed, asked := observe(began("orders")); committed != 4 || asked != 1 {
			t.Errorf("a later snapshot asked %d times and saw %d", asked, committed)
		}
	})
}
