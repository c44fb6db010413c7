package lag

// The HPA leaves the replicas as they are while the metric is no more than a tenth from what they should carry
// (--horizontal-pod-autoscaler-tolerance, or behavior.scaleUp.tolerance; both ends belong to it). A rule that asks for replicas
// rather than for lag therefore asks for a little more, or less, where what runs is that near: the HPA rounds up to whole replicas.
const (
	aboveTolerance = 11
	belowTolerance = 9
	toleranceOf    = 10
)

// mayBeHeld is the fewest replicas at which the HPA may stay with one less.
const mayBeHeld = 11

// floorNeeds is what a rule needs that asks for so many replicas, lag or not.
func floorNeeds(replicas int64) Needs {
	return Needs{Consumers: replicas >= mayBeHeld, ConsumersAtRest: replicas >= mayBeHeld}
}

// running is how many replicas the group's members come to; known is false where Kafka did not tell of members.
func (v View) running(consumers int64) (replicas int64, known bool) {
	if v.Latest.Group == nil || !v.Latest.Group.Told {
		return 0, false
	}
	return divideUp(int64(len(v.Latest.Group.Members)), consumers), true
}

// raised is the least value from the given one on at which the HPA does not stay below so many replicas.
func raised(value, replicas int64, v View, t Total, consumers int64) int64 {
	running, known := v.running(consumers)
	if !known || running >= replicas {
		return value
	}
	held, _ := multiplied(times(running, t.Target), aboveTolerance, toleranceOf)
	return max(value, add(held, 1))
}

// lowered is the greatest value up to the given one at which the HPA does not stay above so many replicas, if there is one that
// rounds up to as many.
func lowered(value, replicas int64, v View, t Total, consumers int64) int64 {
	running, known := v.running(consumers)
	if !known || running <= replicas || replicas < 1 {
		return value
	}
	below := sub(scale(times(running, t.Target), belowTolerance, toleranceOf), 1)
	if below <= times(replicas-1, t.Target) {
		return value
	}
	return min(value, below)
}

// atLeast is the value that asks for so many replicas at least. It is an exact multiple of the target, unless the HPA would stay below.
func atLeast(replicas int64, v View, t Total, consumers int64) int64 {
	return raised(times(replicas, t.Target), replicas, v, t, consumers)
}
