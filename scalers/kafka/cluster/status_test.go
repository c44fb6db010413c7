package cluster_test

import (
	"testing"
	"testing/synctest"

	"github.com/lagwise/lagwise/scalers/kafka/cluster"
	"github.com/lagwise/lagwise/scalers/sessions"
)

// requests finds what was asked in one way.
func requests(t *testing.T, status sessions.Status, name string) sessions.Requests {
	t.Helper()
	for _, asked := range status.Requests {
		if asked.Name == name {
			return asked
		}
	}
	t.Fatalf("no %s in %+v", name, status.Requests)
	return sessions.Requests{}
}

func TestStatusCountsWhatASessionDoes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		fake, pool := observed(t, cluster.Options{})
		fake.SetEnd("orders", 0, 7)
		subscription := subscribe(t, pool, "billing", "orders")
		wantEnd(t, subscription, 7)
		wait(refreshInterval)

		all := pool.Status()
		if len(all) != 1 || all[0].Connection != "payments" || all[0].Triggers != 1 || all[0].Down || all[0].Source != "kafka" {
			t.Fatalf("status %+v", all)
		}
		status := all[0]
		if status.Done != 1 || status.Failed != 0 || status.Pause != refreshInterval {
			t.Errorf("refreshes %+v", status.Refreshes)
		}
		for name, want := range map[string]uint64{"Metadata": 1, "ListOffsets": 2, "OffsetFetch": 2} {
			if got := requests(t, status, name); got.Sent != want || len(got.Failed) != 0 {
				t.Errorf("%s: %+v, want %d sent", name, got, want)
			}
		}

		fake.Before(dead)
		wait(refreshInterval)
		status = pool.Status()[0]
		if !status.Down || status.Fault != "unreachable" || status.Failed != 1 || status.Pause >= refreshInterval {
			t.Errorf("of a dead cluster: %+v", status)
		}
		if got := requests(t, status, "ListOffsets"); got.Failed["unreachable"] != 1 {
			t.Errorf("ListOffsets of a dead cluster: %+v", got)
		}

		if err := subscription.Close(); err != nil {
			t.Fatal(err)
		}
		if left := pool.Status(); len(left) != 0 {
			t.Errorf("a session that ended has status %+v", left)
		}
	})
}

func TestProgressTellsWhatIsKnownAndNotTooOld(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		fake, pool := observed(t, cluster.Options{})
		fake.SetEnd("orders", 0, 7)
		fake.Commit("billing", "orders", 0, 3)
		wantEnd(t, subscribe(t, pool, "billing", "orders"), 7)

		got := pool.Progress()
		if len(got) != 1 || got[0].Connection != "payments" || got[0].Group != "billing" || len(got[0].Observation.Partitions) != 1 {
			t.Fatalf("progress %+v", got)
		}
		if p := got[0].Observation.Partitions[0]; p.End != 7 || p.Committed != 3 || !p.HasCommitted {
			t.Errorf("partition %+v", p)
		}

		fake.Before(dead)
		wait(2 * maxSnapshotAge)
		if got := pool.Progress(); len(got) != 0 {
			t.Errorf("progress that is too old: %+v", got)
		}
	})
}
