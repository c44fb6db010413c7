package lag

import (
	"slices"
	"time"
)

// Group is what was observed of a consumer group beyond its commits, and what the observations so far have shown of it.
type Group struct {
	// Told says that Kafka named the members. It is asked only while there is lag.
	Told bool
	// Members are ordered by their ids.
	Members []Member

	// Most is how many members were seen at most since a commit last moved.
	Most int
	// Met is when there was last a member, as far as is known.
	Met time.Time
	// Standing are the partitions with lag, in the observation's order.
	Standing []Standing
	// Pace is what one consumer gets done.
	Pace Pace
}

// Member is one consumer of a group.
type Member struct {
	// ID is given by the broker, anew each time that the consumer joins.
	ID string
	// Reads are the partitions that are assigned to it, as places in Observation.Partitions, in ascending order.
	Reads []int
}

// Follows gives the group of an observation with what those before it have shown; before is the latest of them, or an empty one.
// It leaves both as they are.
func (o Observation) Follows(before Observation, needs Needs) *Group {
	if o.Group == nil {
		return nil
	}
	earlier := before.Group
	if earlier == nil {
		earlier = &Group{}
	}
	group := Group{Told: o.Group.Told, Members: o.Group.Members, Most: len(o.Group.Members), Met: earlier.Met}
	if !movedSince(before.Partitions, o.Partitions) {
		group.Most = max(group.Most, earlier.Most)
	}
	if len(group.Members) > 0 || !group.Told {
		group.Met = o.At
	}
	if needs.Standing > 0 {
		group.Standing = standing(earlier.Standing, o, o.At.Sub(group.Met) < needs.Standing)
	}
	if needs.Pace {
		group.Pace = earlier.Pace.after(before, o)
	}
	return &group
}

// Unwatched is what is left of a group that was not observed for a while, because its cluster did not answer: what a consumer gets
// done, and no times. Commits that nobody could make have not stood still.
func (g *Group) Unwatched() *Group {
	if g == nil {
		return nil
	}
	return &Group{Pace: Pace{Each: g.Pace.Each, Known: g.Pace.Known}}
}

// movedSince says whether any commit is not what it was.
func movedSince(earlier, partitions []Partition) bool {
	return slices.ContainsFunc(partitions, func(p Partition) bool {
		earlier = from(earlier, p)
		return isFirst(earlier, p) && p.hasNewCommit(earlier[0])
	})
}
