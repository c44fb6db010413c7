package simulate

import "time"

// backlog is where what comes waits, and who works on it: a topic with its consumer group, or a queue with its consumers.
type backlog interface {
	// play is what happens up to now: so many records have come since the beginning. It says whether there is something to be seen that
	// could not be seen before.
	play(now time.Time, took time.Duration, came float64) (news bool)
	scale(now time.Time, wanted int32)
	// settle says that the replicas of the beginning have been there for a while.
	settle(from time.Time)
	stand(now time.Time) stand
	// forget drops what nobody asks about any more who looks back no further than this.
	forget(before time.Time)
}

// stand is how things are at one moment. Counts are in records, of all that came since the beginning.
type stand struct {
	came, done, lost float64
	// lag is what is not committed, or not acknowledged; queued is what is, and was not begun.
	lag    int64
	queued float64
	// oldest is for how long the oldest record has waited to be taken.
	oldest time.Duration
	// working are the replicas that have joined, seconds how long all together have run.
	working int
	seconds float64
}
