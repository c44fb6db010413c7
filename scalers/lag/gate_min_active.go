package lag

import (
	"fmt"
	"time"
)

// StayActive stays active for a while at least from each record, and from each commit that takes records, for consumers that
// commit before they process: their lag is 0 while they work (key minActive). It asks for no replicas beyond the one that
// KEDA keeps for an active trigger.
//
// It counts anew from each, because when a stretch of activity began would depend on how far back one looks. The signs, and
// what a fresh process knows of them, are HoldUntilQuiet's.
func StayActive(atLeast time.Duration) Gate {
	return Gate{
		Step: Step{Name: "min-active", Key: "minActive", Needs: Needs{Since: []time.Duration{atLeast}, History: atLeast}},
		Do: func(v View, t Total, a Answer) (Answer, Note) {
			if a.Active {
				return a, Note{}
			}
			why, busy := lastSign(v, t, atLeast)
			if !busy {
				return a, Note{Text: fmt.Sprintf("neither record nor commit within %s: may be inactive", atLeast)}
			}
			a.Active = true
			return a, Note{Text: fmt.Sprintf("%s within %s: active", why, atLeast)}
		},
	}
}
