package telemetry

import (
	"slices"
	"time"

	"github.com/lagwise/lagwise/scalers/lag"
)

// timed is an observation with the times of the records that wait.
type timed struct {
	at         time.Time
	partitions []lag.Partition
}

func hasTimes(partitions []lag.Partition) bool {
	return slices.ContainsFunc(partitions, func(p lag.Partition) bool { return p.Facts != nil && p.Facts.Records != nil })
}

// oldest is for how long the oldest record has been waiting in any of the partitions; false where nobody knows.
func (t timed) oldest() (waits time.Duration, known bool) {
	for _, p := range t.partitions {
		one, told := waiting(p, t.at)
		if !told {
			return 0, false
		}
		waits = max(waits, one)
		known = known || p.HasCommitted
	}
	return waits, known
}

// waiting is for how long the first record after a group's commit has been there, by its timestamp. Where everything is
// committed, and behind the commit lies nothing that a consumer gets, that is 0. Where nothing is committed nobody waits.
func waiting(p lag.Partition, at time.Time) (time.Duration, bool) {
	records, known := behind(p)
	if !known || records == 0 {
		return 0, true
	}
	if p.Facts == nil || p.Facts.Records == nil {
		return 0, false
	}
	r := p.Facts.Records
	if r.Count == 0 {
		return 0, r.Through >= p.End
	}
	return max(0, at.Sub(r.Timestamp)), r.HasTimestamp
}
