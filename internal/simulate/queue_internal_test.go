package simulate

import (
	"math"
	"slices"
	"testing"
	"time"
)

// consuming is a queue, played in steps of 100 ms.
type consuming struct {
	*queue

	now  time.Time
	came float64
}

func consume(settings Replicas, messages float64) *consuming {
	c := &consuming{queue: newQueue(settings, monday), now: monday, came: messages}
	c.messages.land(monday, messages)
	return c
}

// pass plays a while in which so many messages come per second.
func (c *consuming) pass(d time.Duration, rate float64) {
	for end := c.now.Add(d); c.now.Before(end); {
		c.now = c.now.Add(100 * time.Millisecond)
		c.came += rate / 10
		c.play(c.now, 100*time.Millisecond, c.came)
	}
}

func (c *consuming) held() (held []int64) {
	for _, p := range c.pods {
		held = append(held, p.held)
	}
	return held
}

// Of ten messages and one that gets one done in a second, three are held at a time: after 4 s four are done, and three are ready.
func TestAConsumerHoldsItsPrefetch(t *testing.T) {
	t.Parallel()
	c := consume(Replicas{PerSecond: 1, Prefetch: 3, Commit: CommitAfter}, 10)
	c.scale(c.now, 1)
	c.pass(100*time.Millisecond, 0)
	if got, want := c.figures(), (QueueFigures{Ready: 7, Unacknowledged: 3, Consumers: 1}); got != want {
		t.Errorf("in the beginning %+v, want %+v", got, want)
	}
	c.pass(4*time.Second, 0)
	if got, want := c.figures(), (QueueFigures{Ready: 3, Unacknowledged: 3, Consumers: 1}); got != want || c.messages.done != 4 {
		t.Errorf("after 4 s %+v, %g done, want %+v and 4", got, c.messages.done, want)
	}
	c.scale(c.now, 0)
	if got, want := c.figures(), (QueueFigures{Ready: 6}); got != want || c.messages.lost != 0 {
		t.Errorf("what the consumer held is ready again: %+v, %g lost, want %+v", got, c.messages.lost, want)
	}
}

func TestMessagesGoToConsumersInTurn(t *testing.T) {
	t.Parallel()
	c := consume(Replicas{PerSecond: 0.01, Prefetch: 3, Commit: CommitAfter}, 7)
	c.scale(c.now, 5)
	c.pass(100*time.Millisecond, 0)
	if got := c.held(); !slices.Equal(got, []int64{2, 2, 1, 1, 1}) {
		t.Errorf("seven messages: %v", got)
	}
	c.messages.land(c.now, 9)
	c.came = 9
	c.pass(100*time.Millisecond, 0)
	if got := c.held(); !slices.Equal(got, []int64{2, 2, 2, 2, 1}) {
		t.Errorf("and two more: %v", got)
	}
}

// One that acknowledges before, or is never asked to, loses what it had begun, or all that it had been sent.
func TestAcknowledgements(t *testing.T) {
	t.Parallel()
	for commit, want := range map[Commit]struct {
		unacknowledged int64
		lost, queued   float64
		ready          int64 // once the only consumer has gone
	}{
		CommitAfter:  {unacknowledged: 4, ready: 11},
		CommitBefore: {unacknowledged: 3, lost: 1, ready: 10},
		CommitQueued: {unacknowledged: 0, lost: 11, queued: 11},
	} {
		c := consume(Replicas{PerSecond: 1, Prefetch: 4, Commit: commit}, 20)
		c.scale(c.now, 1)
		c.pass(9*time.Second, 0)
		if got := c.figures().Unacknowledged; got != want.unacknowledged || c.stand(c.now).queued != want.queued {
			t.Errorf("%s: %d unacknowledged, %g queued, want %+v", commit, got, c.stand(c.now).queued, want)
		}
		c.scale(c.now, 0)
		if got := c.figures(); got.Ready != want.ready || got.Unacknowledged != 0 || c.messages.lost != want.lost {
			t.Errorf("%s: in the end %+v, %g lost, want %+v", commit, got, c.messages.lost, want)
		}
	}
}

// Ten a second come, two consumers get eight done: what the management API tells is as old as RabbitMQ's statistics.
func TestStatisticsLagBehind(t *testing.T) {
	t.Parallel()
	c := consume(Replicas{PerSecond: 4, Prefetch: 1, Commit: CommitAfter}, 0)
	c.scale(c.now, 2)
	c.pass(60*time.Second, 10)
	near := func(what string, got, want float64) {
		if math.Abs(got-want) > 1.01 {
			t.Errorf("%s: %g, want %g", what, got, want)
		}
	}
	near("ready now", float64(c.figures().Ready), 10*60-8*60-2)
	near("ready in the statistics", float64(c.told.Ready), 10*57.5-8*57.5-2)
	near("published", c.told.PublishRate, 10)
	near("delivered", c.told.DeliverRate, 8)
	if c.figures().PublishRate != 0 || c.told.Consumers != 2 || c.told.Unacknowledged != 2 {
		t.Errorf("now %+v, told %+v", c.figures(), c.told)
	}
	c.pass(30*time.Second, 0)
	if c.told.PublishRate != 0 || c.told.DeliverRate != 0 || c.messages.done != 600 {
		t.Errorf("nothing comes any more: %+v, %g done", c.told, c.messages.done)
	}
}
