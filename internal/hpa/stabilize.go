package hpa

import "time"

// stabilised is the wish among those before it: the HPA goes up no farther than the least that was asked for within the
// window of going up, and down no farther than the most within that of going down
// (kubernetes: stabilizeRecommendationWithBehaviors).
func (b *Behavior) stabilised(current, wish int32, h History, now time.Time) int32 {
	up, down := wish, wish
	upFrom, downFrom := now.Add(-b.Up.Stabilization), now.Add(-b.Down.Stabilization)
	for _, before := range h.wishes {
		if before.at.After(upFrom) {
			up = min(up, before.replicas)
		}
		if before.at.After(downFrom) {
			down = max(down, before.replicas)
		}
	}
	return min(max(current, up), down)
}

// stabilisedPlainly is the most that was asked for within five minutes (stabilizeRecommendation). A wish that is exactly as old
// counts here, and does not count above, as in Kubernetes.
func stabilisedPlainly(wish int32, h History, now time.Time) int32 {
	cutoff := now.Add(-DefaultDownStabilization)
	for _, before := range h.wishes {
		if !before.at.Before(cutoff) {
			wish = max(wish, before.replicas)
		}
	}
	return wish
}

// Remembers is how far back a sync looks for anything: what is older has no say.
func (a Autoscaler) Remembers() time.Duration {
	back := a.lookBack()
	if a.Behavior != nil {
		back = max(back, a.Behavior.Up.longestPeriod(), a.Behavior.Down.longestPeriod())
	}
	return back
}

// lookBack is how far back a wish may still count.
func (a Autoscaler) lookBack() time.Duration {
	if a.Behavior == nil {
		return DefaultDownStabilization
	}
	return max(a.Behavior.Up.Stabilization, a.Behavior.Down.Stabilization)
}
