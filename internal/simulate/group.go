package simulate

import (
	"math"
	"time"
)

// Commit says when consumers commit.
type Commit string

const (
	// CommitAfter is after a record was worked on.
	CommitAfter Commit = "after"
	// CommitBefore is just before.
	CommitBefore Commit = "before"
	// CommitQueued is when a record is put into the consumer's own queue, long before its turn. What is in the queue of a replica
	// that goes is lost.
	CommitQueued Commit = "queued"
)

// fetchMost is how many records of one partition a consumer takes before it goes on with the next (max.poll.records).
const fetchMost = 500

// queueing is how many records a second a replica puts into its queue: each is committed by itself, which takes a few milliseconds.
const queueing = 200

// Replicas say how a replica works.
type Replicas struct {
	// PerSecond is how many records one gets done in a second.
	PerSecond float64
	// Start is the time from its creation until it joins its group, or consumes.
	Start time.Duration
	// Heartbeat is the group's heartbeat interval: members learn by their next heartbeat that somebody came or went, and wait for each
	// other before partitions change hands.
	Heartbeat time.Duration
	Commit    Commit
	// CommitEvery is the time between two commits; 0 for one with each record.
	CommitEvery time.Duration
	// Prefetch is how many messages of a queue it holds and has not acknowledged; 0 stands for 1.
	Prefetch int
}

// group is a Deployment's pods, all of them consumers of one group.
type group struct {
	fleet

	settings Replicas
	topic    *topic
	// changed says that pods joined or left since the partitions were dealt out. Members work until stopsAt, which is when half of them
	// have heard of it, and partitions are dealt out at dealsAt, when all have.
	changed          bool
	stopsAt, dealsAt time.Time
	// committedAt is the latest commit.
	committedAt time.Time
}

func (g *group) play(now time.Time, took time.Duration, came float64) (news bool) {
	news = g.topic.land(now, came)
	g.step(now, took)
	return news
}

// scale has the others take over what pods read that go.
func (g *group) scale(now time.Time, wanted int32) {
	for _, last := range g.resize(now, g.settings.Start, wanted) {
		g.topic.lost += last.queue
		if last.joined {
			g.commit(last)
			g.hasChanged(now)
		}
	}
}

// hasChanged begins a rebalance. Each member hears of it within a heartbeat, at any moment with equal chance: in the mean after half
// of it, the last of n after n/(n+1). A group without members has none to wait for.
func (g *group) hasChanged(now time.Time) {
	if g.changed {
		return
	}
	members := 0
	for _, p := range g.pods {
		if len(p.reads) > 0 {
			members++
		}
	}
	g.changed = true
	g.stopsAt = now.Add(g.settings.Heartbeat / 2)
	g.dealsAt = now.Add(g.settings.Heartbeat * time.Duration(members) / time.Duration(members+1))
}

// step is what happens in a short time.
func (g *group) step(now time.Time, took time.Duration) {
	if g.pass(now, took) {
		g.hasChanged(now)
	}
	g.deal(now)
	commits := now.Sub(g.committedAt) >= g.settings.CommitEvery
	if commits {
		g.committedAt = now
	}
	waits := g.changed && !now.Before(g.stopsAt)
	for _, p := range g.pods {
		g.work(p, took.Seconds(), waits)
		if commits {
			g.commit(p)
		}
	}
}

// deal gives the members contiguous ranges of partitions, as Kafka's range assignor does.
func (g *group) deal(now time.Time) {
	if !g.changed || now.Before(g.dealsAt) {
		return
	}
	g.changed = false
	for _, p := range g.pods {
		g.commit(p)
		p.reads, p.turn, p.fetched = nil, 0, 0
	}
	members, next := g.working(), 0
	for i, p := range members {
		count := len(g.topic.partitions) / len(members)
		if i < len(g.topic.partitions)%len(members) {
			count++
		}
		for range count {
			p.reads = append(p.reads, next)
			next++
		}
	}
}

// work takes records from one partition after the other, as a consumer does that fetches many at a time: what a partition holds
// when its turn comes, fetchMost at most. One that waits for a rebalance takes none, and goes on with its queue.
func (g *group) work(p *pod, seconds float64, waits bool) {
	able := g.settings.PerSecond * seconds
	switch {
	case g.settings.Commit == CommitQueued:
		if !waits {
			p.queue += g.take(p, queueing*seconds)
		}
		done := min(able, p.queue)
		p.queue -= done
		g.topic.done += done
	case !waits:
		g.topic.done += g.take(p, able)
	}
}

func (g *group) take(p *pod, able float64) (taken float64) {
	const nothing = 1e-9
	for empty := 0; empty < len(p.reads); {
		at := &g.topic.partitions[p.reads[p.turn]]
		if p.fetched < nothing {
			p.fetched = min(fetchMost, at.waiting())
		}
		share := min(able-taken, p.fetched)
		at.taken += share
		p.fetched -= share
		taken += share
		if p.fetched >= nothing {
			return taken
		}
		empty++
		if share >= nothing {
			empty = 0
		}
		p.turn = (p.turn + 1) % len(p.reads)
	}
	return taken
}

func (g *group) commit(p *pod) {
	for _, i := range p.reads {
		at := &g.topic.partitions[i]
		position := int64(math.Floor(at.taken + 1e-6))
		if g.settings.Commit == CommitBefore && position < at.end {
			position++
		}
		at.committed = max(at.committed, position)
	}
}

// queued is how many records lie in the queues of replicas.
func (g *group) queued() (records float64) {
	for _, p := range g.pods {
		records += p.queue
	}
	return records
}

func (g *group) stand(now time.Time) stand {
	s := g.topic.stand(now)
	s.queued, s.working, s.seconds = g.queued(), len(g.working()), g.seconds
	return s
}

func (g *group) forget(before time.Time) { g.topic.forget(before) }
