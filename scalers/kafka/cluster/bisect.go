package cluster

import "maps"

// batch is a question about many items that is answered item by item, or fails as a whole.
type batch[Item any, Key comparable, State any] struct {
	ask func([]Item) (map[Key]State, error)
	// blame makes the answer for one item out of the error that it alone caused.
	blame func(Item, error) (Key, State)
}

// bisect asks about all items at once, and about halves of them when that fails as a whole, until what is at fault
// stands alone. So one item that Kafka or librdkafka cannot stomach does not take the others with it. When the cluster
// itself is at fault there is nothing to find, and the error is returned.
func (b batch[Item, Key, State]) bisect(items []Item) (map[Key]State, error) {
	answers, err := b.ask(items)
	if err == nil {
		return answers, nil
	}
	return b.split(items, err, false)
}

// split divides items that failed together with err. alive says that the cluster answered about others meanwhile: until
// then, a time-out is taken for the cluster's own as soon as both halves time out as well.
func (b batch[Item, Key, State]) split(items []Item, err error, alive bool) (map[Key]State, error) {
	kind := kindOf(err)
	timedOut := kind == TimedOut
	if (&Fault{Kind: kind}).wholeCluster() && !timedOut {
		return nil, err
	}
	if len(items) == 1 {
		if timedOut && !alive {
			return nil, err
		}
		key, state := b.blame(items[0], err)
		return map[Key]State{key: state}, nil
	}

	half := len(items) / 2
	left, leftErr := b.ask(items[:half])
	right, rightErr := b.ask(items[half:])
	alive = alive || leftErr == nil || rightErr == nil
	if timedOut && !alive {
		return nil, err
	}
	if leftErr != nil {
		if left, leftErr = b.split(items[:half], leftErr, alive); leftErr != nil {
			return nil, leftErr
		}
	}
	if rightErr != nil {
		if right, rightErr = b.split(items[half:], rightErr, alive); rightErr != nil {
			return nil, rightErr
		}
	}
	answers := make(map[Key]State, len(left)+len(right))
	maps.Copy(answers, left)
	maps.Copy(answers, right)
	return answers, nil
}
