package lag

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// ExcludePersistent leaves the lag of a partition out of the metric while its commit does not move, so that a message
// nobody can process does not add replicas (key excludePersistentLag). It still counts towards activation: without a
// replica nothing could ever move (KEDA: kafka_scaler.go, previousOffsets in getLagForPartition).
//
// KEDA compares with its own previous evaluation, whenever that was. Here the commit is compared with the newest
// observation that is at least interval older than the latest (key persistentLagInterval), so that two replicas and any
// polling rate agree. A partition that this observation lacks, or had no commit for, is seen for the first time and
// counts in full; so does every partition while no observation is that old. Only the commit is compared: lag that grows
// behind a commit that stands still is persistent too.
func ExcludePersistent(interval time.Duration) Measure {
	return Measure{
		Step: Step{Name: "persistent", Key: "excludePersistentLag", Needs: Needs{History: interval}},
		Do: func(v View, counts []Count) Note {
			before, found := observedBy(v.History, v.Latest.At.Add(-interval))
			if !found {
				return Note{Text: fmt.Sprintf("no observation from %s before yet: all lag counts in full", interval)}
			}
			return excludePersistent(interval, before.Partitions, counts)
		},
	}
}

func excludePersistent(interval time.Duration, before []Partition, counts []Count) Note {
	var standing, excluded, first int64
	for i := range counts {
		c := &counts[i]
		if !c.Partition.HasCommitted {
			continue
		}
		before = from(before, c.Partition)
		switch {
		case !isFirst(before, c.Partition) || !before[0].HasCommitted:
			first++
		case before[0].Committed == c.Partition.Committed && c.Lag != 0:
			standing++
			excluded = add(excluded, c.Lag)
			c.Lag = 0
			c.Rule = "persistent"
		}
	}
	return persistentNote(interval, standing, excluded, first)
}

func persistentNote(interval time.Duration, standing, excluded, first int64) Note {
	var said []string
	if standing > 0 {
		said = append(said, fmt.Sprintf("%s without a new commit for %s: lag %d counts towards activation only",
			several(standing, "partition"), interval, excluded))
	}
	if first > 0 {
		said = append(said, "counting in full when seen for the first time: "+several(first, "partition"))
	}
	return Note{Text: strings.Join(said, "; ")}
}

// observedBy is the newest observation not later than t.
func observedBy(history []Observation, t time.Time) (Observation, bool) {
	for _, seen := range slices.Backward(history) {
		if !seen.At.After(t) {
			return seen, true
		}
	}
	return Observation{}, false
}

// from drops the partitions that come before p. Counts and observations have the same order, so one walk over both finds
// every partition without a map.
func from(partitions []Partition, p Partition) []Partition {
	for len(partitions) > 0 && order(partitions[0], p) < 0 {
		partitions = partitions[1:]
	}
	return partitions
}

func isFirst(partitions []Partition, p Partition) bool {
	return len(partitions) > 0 && order(partitions[0], p) == 0
}

func order(a, b Partition) int {
	return cmp.Or(strings.Compare(a.Topic, b.Topic), cmp.Compare(a.ID, b.ID))
}
