package lag

import (
	"fmt"
	"strings"
	"time"
)

// Stall says which partitions nobody gets on with although there are consumers, and keeps replicas from being added for them.
type Stall struct {
	Step
	// Judge finds the stalled partitions; nil where nobody asks.
	Judge func(View, Total) ([]Stalled, Note)
	// Hold bounds the metric by what runs, or by what the other partitions ask for, moving; nil to report only.
	Hold func(v View, t Total, moving int64) (int64, Note)
}

// Stalled is a partition whose commit has stood still although it has lag and the group has consumers.
type Stalled struct {
	Standing
	// Lag is how much lies there, in records.
	Lag int64
}

// ReportStalled finds partitions whose commit has stood still for a while (key onStall), as Burrow does: the offset has not changed
// over the window, and the lag was never 0 in it (Burrow: Consumer Lag Evaluation Rules, rule 2). A group that has had no member
// for as long is asleep, not stalled.
//
// That a commit stood still is seen, not read: a process finds nothing until it has watched for as long.
func ReportStalled(after time.Duration) Stall {
	return Stall{
		Step: Step{Name: "stall", Key: "onStall", Needs: Needs{Standing: after}},
		Judge: func(v View, t Total) ([]Stalled, Note) {
			stalled := stalledFor(after, v.Latest, t.Counts)
			if len(stalled) == 0 {
				return nil, Note{}
			}
			return stalled, Note{Text: stalledText(stalled)}
		},
	}
}

// HoldStalled reports them, and adds no replicas for them (onStall: hold): the metric asks for no more than the most consumers that
// the group was seen to have since a commit last moved, or than the partitions that move ask for. It takes none away, and
// asks for one at least. Where Kafka does not tell of members, what runs is not known, and nothing is held.
func HoldStalled(after time.Duration, consumers int64) Stall {
	stall := ReportStalled(after)
	stall.Hold = func(v View, t Total, moving int64) (int64, Note) {
		group := v.Latest.Group
		if group == nil || !group.Told && group.Most == 0 {
			return t.Value, Note{Text: "who is in the group is not known: nothing is held"}
		}
		running := max(1, divideUp(int64(group.Most), consumers))
		bound := max(moving, times(running, t.Target))
		if t.Value <= bound {
			return t.Value, Note{}
		}
		return bound, Note{Text: fmt.Sprintf("more replicas cannot help there: %s with %s ran, the other partitions ask for %d: held at %d",
			several(running, "replica"), several(int64(group.Most), "consumer"), moving, bound)}
	}
	return stall
}

func stalledFor(after time.Duration, latest Observation, counts []Count) []Stalled {
	if latest.Group == nil {
		return nil
	}
	var stalled []Stalled
	still := latest.Group.Standing
	for _, c := range counts {
		for len(still) > 0 && order(still[0].partition(), c.Partition) < 0 {
			still = still[1:]
		}
		// What counts for nothing, such as the end of a transaction, stalls nobody.
		if c.Persistent > 0 && len(still) > 0 && order(still[0].partition(), c.Partition) == 0 && latest.At.Sub(still[0].Since) >= after {
			stalled = append(stalled, Stalled{still[0], sub(c.Partition.End, c.Partition.Committed)})
		}
	}
	return stalled
}

// stalledText names the first few.
func stalledText(stalled []Stalled) string {
	const named = 3
	var said []string
	for _, s := range stalled[:min(named, len(stalled))] {
		said = append(said, fmt.Sprintf("%s/%d at offset %d since %s, lag %d", s.Topic, s.ID, s.Committed, s.Since.UTC().Format(time.RFC3339), s.Lag))
	}
	if more := len(stalled) - named; more > 0 {
		said = append(said, fmt.Sprintf("and %d more", more))
	}
	return "commits stand still in " + several(int64(len(stalled)), "partition") + ": " + strings.Join(said, "; ")
}

// moving leaves the lag of stalled partitions out.
func (t Total) moving() Total {
	counts := make([]Count, len(t.Counts))
	copy(counts, t.Counts)
	stalled := t.Stalled
	for i := range counts {
		if len(stalled) > 0 && order(stalled[0].partition(), counts[i].Partition) == 0 {
			counts[i].Lag, stalled = min(0, counts[i].Lag), stalled[1:]
		}
	}
	return totalOf(t.Target, counts)
}
