package lag

import (
	"fmt"
	"time"
)

// HoldUntilCommitsStop stays active, without any lag as well, until the group's commits have stood still for a while (key
// holdUntilCommitsStop). Kafka does not tell when a commit was made, so they are seen moving: a fresh process answers by lag
// alone until it has seen one move, and one that has watched all along lets go up to an eighth later, and never sooner.
func HoldUntilCommitsStop(still time.Duration) Gate {
	return Gate{
		Step: Step{Name: "commits", Key: "holdUntilCommitsStop", Needs: Needs{History: still}},
		Do: func(v View, t Total, a Answer) (Answer, Note) {
			if a.Active {
				return a, Note{}
			}
			earlier := comparedWith(v, still)
			for _, c := range t.Counts {
				earlier = from(earlier, c.Partition)
				if isFirst(earlier, c.Partition) && c.Partition.hasNewCommit(earlier[0]) {
					a.Active = true
					return a, Note{Text: fmt.Sprintf("the group committed in %s/%d within %s: active", c.Partition.Topic, c.Partition.ID, still)}
				}
			}
			return a, Note{Text: fmt.Sprintf("no commit was seen to move within %s: may be inactive", still)}
		},
	}
}
