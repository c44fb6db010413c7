package cluster

import (
	"time"

	"github.com/lagwise/lagwise/scalers/lag"
)

const (
	// A subscription is woken at once by the first record; records that follow wake it again after firstRest, and after
	// twice as long each time until lastRest, so that a busy topic which its rules keep inactive costs little. A quiet
	// time of restReset makes it alert again.
	firstRest = 100 * time.Millisecond
	lastRest  = 2 * time.Second
	restReset = 2 * lastRest
	// slowWatch is how often a topic is looked at that may not be read.
	slowWatch = 500 * time.Millisecond
)

// rest is the pace at which records wake one subscription.
type rest struct {
	woken time.Time
	pause time.Duration
}

// next says when a record that came now may wake the subscription, and notes that it will.
func (r *rest) next(now time.Time) time.Time {
	if now.Sub(r.woken) > restReset {
		r.pause = firstRest
		r.woken = now
		return now
	}
	due := r.woken.Add(r.pause)
	if due.Before(now) {
		due = now
	}
	r.woken = due
	r.pause = min(2*r.pause, lastRest)
	return due
}

// Arm asks to be woken when a record lands on one of the partitions, at or after its End: the session then observes the
// subscription at once, and its listeners hear of it. Arming again changes nothing for partitions that are armed still.
// A topic that may be described but not read is looked at every half second instead.
func (s *Subscription) Arm(partitions []lag.Partition) { s.session.arm(s, partitions) }

// Disarm ends what Arm began.
func (s *Subscription) Disarm() { s.session.laneOf(s.want).tails.unwatch(s) }

func (s *session) arm(subscription *Subscription, partitions []lag.Partition) {
	// One that is to be observed soon is armed on what that observation shows; one that left is not armed at all.
	if s.isDueOrGone(subscription) {
		return
	}
	ends := make(map[partition]int64, len(partitions))
	unreadable := false
	for _, p := range partitions {
		if s.cache.readable(p.Topic) {
			ends[partition{p.Topic, p.ID}] = p.End
			continue
		}
		unreadable = true
		if s.cache.warn(p.Topic) {
			s.log.Warn("no READ on the topic: records are noticed by polling, not at once", "topic", p.Topic, "every", slowWatch)
		}
	}
	s.laneOf(subscription.want).tails.watch(subscription, ends)
	if unreadable {
		s.hurry(subscription, time.Now().Add(slowWatch))
	}
}

// wakeUp observes a subscription because a record came, at the pace that its rest allows.
func (s *session) wakeUp(subscription *Subscription) {
	now := time.Now()
	subscription.mu.Lock()
	due := subscription.rest.next(now)
	if subscription.woken.IsZero() {
		subscription.woken = now
	}
	subscription.mu.Unlock()
	s.hurry(subscription, due)
}
