package hpa

import (
	"math"
	"slices"
	"time"
)

// limited is as far as the policies let the HPA go from current towards wish at once, and what held it up
// (kubernetes: convertDesiredReplicasWithBehaviorRate).
func (a Autoscaler) limited(current, wish int32, h History, now time.Time) (int32, Bound) {
	switch {
	case wish > current:
		limit := max(current, a.Behavior.Up.upTo(current, h, now))
		if limit < a.Max {
			return least(wish, limit, ByPolicy)
		}
		return least(wish, a.Max, ByMax)
	case wish < current:
		limit := min(current, a.Behavior.Down.downTo(current, h, now))
		if limit > a.Min {
			return most(wish, limit, ByPolicy)
		}
		return most(wish, a.Min, ByMin)
	default:
		return wish, Unbound
	}
}

func least(wish, limit int32, by Bound) (int32, Bound) {
	if wish > limit {
		return limit, by
	}
	return wish, Unbound
}

func most(wish, limit int32, by Bound) (int32, Bound) {
	if wish < limit {
		return limit, by
	}
	return wish, Unbound
}

// upTo is the most replicas that the policies allow, counted from how many there were when each period began
// (calculateScaleUpLimitWithScalingRules).
func (d Direction) upTo(current int32, h History, now time.Time) int32 {
	return d.selected(current, slices.Max, slices.Min, func(p RatePolicy) int32 {
		began := p.began(current, h, now)
		if p.Percent {
			return int32(math.Ceil(float64(began) * (1 + float64(p.Value)/100))) // rounded up: else one replica could never become more
		}
		return began + p.Value
	})
}

// downTo is the fewest (calculateScaleDownLimitWithBehaviors).
func (d Direction) downTo(current int32, h History, now time.Time) int32 {
	return d.selected(current, slices.Min, slices.Max, func(p RatePolicy) int32 {
		began := p.began(current, h, now)
		if p.Percent {
			return int32(float64(began) * (1 - float64(p.Value)/100))
		}
		return began - p.Value
	})
}

// selected is the farthest or the nearest of what the policies allow; without any nothing is.
func (d Direction) selected(current int32, farthest, nearest func([]int32) int32, allowed func(RatePolicy) int32) int32 {
	if d.Select == SelectDisabled || len(d.Policies) == 0 {
		return current
	}
	var limits []int32
	for _, policy := range d.Policies {
		limits = append(limits, allowed(policy))
	}
	if d.Select == SelectMin {
		return nearest(limits)
	}
	return farthest(limits)
}

// began is how many replicas there were when the policy's period began, as far as the HPA changed them.
func (p RatePolicy) began(current int32, h History, now time.Time) int32 {
	return current - changeSince(p.Period, now, h.ups) + changeSince(p.Period, now, h.downs)
}
