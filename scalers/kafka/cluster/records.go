package cluster

import (
	"fmt"
	"time"

	"github.com/lagwise/lagwise/scalers/lag"
)

// readsRecords says whether a want needs more than offsets tell.
func (w Want) readsRecords() bool { return w.Needs.Phantom || w.Needs.OldestRecord || w.Needs.Shown }

// sought is how many records a want needs to know of.
func (w Want) sought() int64 {
	if w.Needs.Phantom {
		return mostRecords
	}
	return 1
}

// positionOf is where the group goes on reading, if something may be there: its commit, or the log start where that is later, or
// where nothing is committed and the want asks for it then.
func (w Want) positionOf(p lag.Partition) (from int64, waits bool) {
	from, known := p.Position(w.Needs)
	// A commit below the end waits though all behind it is deleted.
	return from, known && (from < p.End || p.HasCommitted && p.Committed < p.End)
}

// deliver publishes a result once all of it is there. What is to be read of partitions may take a moment: nobody else waits for
// that, and what was observed before serves meanwhile.
func (s *session) deliver(subscription *Subscription, began time.Time, r result) {
	want := subscription.want
	if r.fault != nil || !want.readsRecords() {
		s.publish(subscription, began, r)
		return
	}
	patience := patienceOf(s.options)
	if !subscription.hasSeen() {
		patience = 2 * readLimit // nothing serves meanwhile, and a guess would wake consumers for nothing
	}
	prober := s.laneOf(want).prober
	prober.ask(s.goalsOf(want, r.observation), began, patience, func() {
		r.fault = s.addRecords(prober, want, r.observation)
		s.publish(subscription, began, r)
	})
}

// publish tells the subscription. What fails for a while, such as a partition without leader, is tried again before the next refresh,
// at first at once and then after growing pauses.
func (s *session) publish(subscription *Subscription, began time.Time, r result) {
	failures := subscription.publish(began, r)
	if r.fault.passes() && s.trouble() == nil {
		s.hurry(subscription, time.Now().Add(retryAfter(failures)).Truncate(retryGrid).Add(retryGrid))
	}
}

// goalsOf lists what is to be known of the partitions that have lag, and may be read.
func (s *session) goalsOf(want Want, observed lag.Observation) map[probe]goal {
	goals := map[probe]goal{}
	for _, p := range observed.Partitions {
		if from, waits := want.positionOf(p); waits && from < p.End && s.cache.readable(p.Topic) {
			goals[probe{partition{p.Topic, p.ID}, from}] = goal{end: p.End, records: want.sought()}
		}
	}
	return goals
}

// addRecords puts what was found into an observation that nobody has seen yet. What could not be read is a fault for those who
// need a record's age, because no lag stands for an age; for others it says so, and their lag counts by offsets.
func (s *session) addRecords(prober *prober, want Want, observed lag.Observation) *Fault {
	for i := range observed.Partitions {
		p := &observed.Partitions[i]
		from, waits := want.positionOf(*p)
		if !waits {
			continue
		}
		records, err := s.recordsOf(prober, want, *p, from)
		if err != nil {
			fault := &Fault{Kind: kindOf(err), About: fmt.Sprintf("reading topic %q partition %d", p.Topic, p.ID), Err: err}
			if want.Needs.OldestRecord {
				return fault
			}
			records.Unread = fault.Error()
		}
		if p.Facts == nil {
			p.Facts = &lag.Facts{}
		}
		p.Facts.Records = records
	}
	return nil
}

func (s *session) recordsOf(prober *prober, want Want, p lag.Partition, from int64) (*lag.Records, error) {
	if from >= p.End { // all that the group has not read is deleted
		return &lag.Records{From: from, Through: p.End}, nil
	}
	if !s.cache.readable(p.Topic) {
		return finding{through: from}.facts(from, p.End), &Fault{Kind: Denied, About: fmt.Sprintf("no READ on topic %q, which the trigger needs", p.Topic)}
	}
	known, err := prober.look(probe{partition{p.Topic, p.ID}, from}, goal{end: p.End, records: want.sought()})
	return known.facts(from, p.End), err
}
