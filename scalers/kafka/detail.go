package kafka

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/lagwise/lagwise/scalers"
	"github.com/lagwise/lagwise/scalers/lag"
)

// Detail decides on the latest observation once more, and shows every partition that counts. Log starts and the age of the oldest
// record that waits are known where the trigger's rules need them, or where the scaler is an inspector's.
func (s *Scaler) Detail(ctx context.Context) (scalers.Detail, error) {
	subscription, err := s.held.Get()
	if err != nil {
		return scalers.Detail{}, s.explain(err)
	}
	view, err := subscription.View(ctx)
	if err != nil {
		return scalers.Detail{}, s.explain(err)
	}
	judged := s.settings.judged(view)
	decision, err := s.settings.policy.Decide(judged)
	if err != nil {
		return scalers.Detail{}, s.explain(err)
	}
	return scalers.Detail{
		Evaluation: evaluationOf(decision, view.Latest.At),
		Parts:      partsOf(decision, view.Latest),
		Limit:      s.settings.limitOn(judged, decision),
		Settling:   s.settings.settling(view),
	}, nil
}

// limitOn is what a decision would be that no limit bounds.
func (s settings) limitOn(view lag.View, decision lag.Decision) *scalers.Limit {
	policy := *s.policy
	policy.Limits = nil
	free, err := policy.Decide(view)
	if err != nil || free.Value <= decision.Value {
		return nil
	}
	return &scalers.Limit{Name: "partition limit", Value: float64(free.Value)}
}

// settling is how far back the rules look, until they have been told so much.
func (s settings) settling(view lag.View) time.Duration {
	needed := s.policy.Needs().History
	if len(view.History) > 0 && view.Latest.At.Sub(view.History[0].At) >= needed {
		return 0
	}
	return needed
}

// partsOf shows the partitions of a decision as they were observed, which may be more than the rules were told.
func partsOf(decision lag.Decision, observed lag.Observation) []scalers.Part {
	parts := make([]scalers.Part, len(decision.Partitions))
	differs := anyPersistent(decision.Partitions)
	seen, stalled := observed.Partitions, decision.Stalled
	for i, count := range decision.Partitions {
		for seen[0].Topic != count.Partition.Topic || seen[0].ID != count.Partition.ID { // both are in the observation's order
			seen = seen[1:]
		}
		parts[i] = partOf(seen[0], count, observed.At)
		if differs {
			parts[i].Figures = append(parts[i].Figures, figure("lag that activates", count.Persistent, scalers.UnitRecords, true))
		}
		if len(stalled) > 0 && stalled[0].Topic == count.Partition.Topic && stalled[0].ID == count.Partition.ID {
			standing := observed.At.Sub(stalled[0].Since).Round(time.Second)
			parts[i].Note = joined(parts[i].Note, fmt.Sprintf("commits have stood still for %s", standing))
			stalled = stalled[1:]
		}
	}
	return parts
}

// partOf measures what was consumed from the log start where that is known, and from the first record that ever was otherwise.
func partOf(p lag.Partition, count lag.Count, at time.Time) scalers.Part {
	age, hasAge := ageOf(p, at)
	part := scalers.Part{
		Name: fmt.Sprintf("%s/%d", p.Topic, p.ID),
		Left: float64(max(0, count.Lag)),
		Figures: []scalers.Figure{
			figure("log start offset", p.Start, scalers.UnitOffset, p.HasStart),
			figure("committed offset", p.Committed, scalers.UnitOffset, p.HasCommitted),
			figure("log end offset", p.End, scalers.UnitOffset, true),
			figure("lag", count.Lag, scalers.UnitRecords, true),
			{Name: "oldest waits", Value: age.Seconds(), Unit: scalers.UnitSeconds, Known: hasAge},
		},
		Note: noteOn(p),
	}
	if p.HasCommitted {
		part.Done = float64(max(0, p.Committed-p.Start)) // 0 is where a log begins whose start is not known
	}
	return part
}

// figure leaves out what is not known.
func figure(name string, value int64, unit scalers.Unit, known bool) scalers.Figure {
	if !known {
		return scalers.Figure{Name: name, Unit: unit}
	}
	return scalers.Figure{Name: name, Value: float64(value), Unit: unit, Known: true}
}

// ageOf is the age of the first record behind the commit. A record of the future is as old as one of this instant.
func ageOf(p lag.Partition, at time.Time) (age time.Duration, known bool) {
	if p.Facts == nil || p.Facts.Records == nil {
		return 0, false
	}
	r := p.Facts.Records
	if r.Count == 0 || !r.HasTimestamp {
		return 0, false
	}
	return max(0, at.Sub(r.Timestamp)), true
}

func noteOn(p lag.Partition) string {
	var note string
	switch {
	case !p.HasCommitted:
		note = "no committed offset"
	case p.PastEnd() > 0:
		note = "committed past the log end: the topic was created again, or its log truncated"
	case p.HasStart && p.Committed < p.Start:
		note = "committed below the log start: those records are deleted"
	}
	if p.Facts != nil && p.Facts.Records != nil && p.Facts.Records.Unread != "" {
		note = joined(note, "age not known: "+p.Facts.Records.Unread)
	}
	return note
}

func joined(note, more string) string {
	if note == "" {
		return more
	}
	return note + "; " + more
}

// anyPersistent says whether some lag counts for activation alone.
func anyPersistent(counts []lag.Count) bool {
	return slices.ContainsFunc(counts, func(count lag.Count) bool { return count.Persistent != count.Lag })
}
