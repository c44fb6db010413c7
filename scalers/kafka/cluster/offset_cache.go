package cluster

import (
	"maps"
	"math/rand/v2"
	"sync"
	"time"
)

// offsetCache keeps what a session has read, so that it asks Kafka only for what may have changed: the partitions of topics, and
// the commits of groups that have read everything. It is safe for concurrent use.
type offsetCache struct {
	topicLife time.Duration
	groupLife time.Duration
	directory directory

	mu     sync.Mutex
	topics map[string]topicEntry
	// commits are those that cannot have moved while the partition's log does not grow.
	commits map[groupPartition]commitEntry
	// behind are the commits that were last read at an earlier offset than before, and since when.
	behind map[groupPartition]time.Time
	// readings are the latest of each group, for observations that are under way at the same time.
	readings map[string]reading
	// shares are the groups without commits that Kafka was asked about: whether each is a share group.
	shares map[string]shareEntry
	// warned are the unreadable topics that were logged.
	warned map[string]bool
}

type groupPartition struct {
	group string
	partition
}

type topicEntry struct {
	state topicState
	until time.Time
}

// commitEntry is a commit and the log end beside which it was read.
type commitEntry struct {
	commit commitState
	end    int64
	until  time.Time
}

// reading is the answer to one OffsetFetch; nobody may change its commits. at is when the request was sent.
type reading struct {
	commits map[partition]commitState
	at      time.Time
}

type shareEntry struct {
	share bool
	until time.Time
}

func newOffsetCache(topicLife, groupLife time.Duration) *offsetCache {
	return &offsetCache{
		topicLife: topicLife, groupLife: groupLife,
		topics: map[string]topicEntry{}, commits: map[groupPartition]commitEntry{}, behind: map[groupPartition]time.Time{},
		readings: map[string]reading{},
		shares:   map[string]shareEntry{}, warned: map[string]bool{},
	}
}

// topic returns what is known of a topic, and whether that is fresh. A state that is not serves while Kafka cannot be asked.
func (c *offsetCache) topic(name string, now time.Time) (state topicState, found, fresh bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	entry, found := c.topics[name]
	return entry.state, found, found && now.Before(entry.until)
}

// noteTopics keeps the partitions of topics. What failed is not kept, and so is asked for again.
func (c *offsetCache) noteTopics(states map[string]topicState, now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for topic, state := range states {
		if state.err == nil {
			c.topics[topic] = topicEntry{state: state, until: now.Add(c.topicLife)}
		}
	}
}

// readable reports whether records of the topic may be fetched, as far as is known.
func (c *offsetCache) readable(topic string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return !c.topics[topic].state.unreadable
}

// warn is true the first time that it is called for a topic.
func (c *offsetCache) warn(topic string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	first := !c.warned[topic]
	c.warned[topic] = true
	return first
}

// forget makes the next observation ask for the topic again: an answer about it did not fit what was known.
func (c *offsetCache) forget(topic string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.topics, topic)
}

// settled returns a group's commit in a partition when it cannot have changed: the log ends where it ended when the commit was
// read, and the group had read it to its end. A group may still be reset to an earlier offset; that is found when the entry's life
// is over.
func (c *offsetCache) settled(group string, at partition, end int64, now time.Time) (commitState, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	entry, found := c.commits[groupPartition{group, at}]
	if !found || !now.Before(entry.until) || entry.end != end {
		return commitState{}, false
	}
	drained := entry.commit.committed && entry.commit.offset == end
	neverUsed := !entry.commit.committed && end == 0
	return entry.commit, drained || neverUsed
}

// resetTime is how long a commit must stay behind the one that was read before it, until it is taken for a reset.
const resetTime = 3 * time.Second

// isBehind reports whether a commit was read at an earlier offset than before, and not for long. A coordinator that has just taken over
// answers with older commits until the replicas that are left have caught up. A reset to an earlier offset looks the same, and stays.
func (c *offsetCache) isBehind(group string, at partition, commit commitState, now time.Time) bool {
	key := groupPartition{group, at}
	c.mu.Lock()
	defer c.mu.Unlock()
	entry, found := c.commits[key]
	if !found || !entry.commit.committed || commit.committed && commit.offset >= entry.commit.offset {
		delete(c.behind, key)
		return false
	}
	since, seen := c.behind[key]
	if !seen {
		c.behind[key] = now
		return true
	}
	return now.Sub(since) < resetTime
}

// life is how long a group's commits are kept that were read now. Lives differ, so that groups that were first read together do
// not come due together for ever.
func (c *offsetCache) life() time.Duration {
	return c.groupLife*3/4 + rand.N(c.groupLife/2+1) //nolint:gosec // jitter needs no secrecy
}

// noteCommit keeps a commit that was read beside a log end.
func (c *offsetCache) noteCommit(group string, at partition, commit commitState, end int64, until time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.commits[groupPartition{group, at}] = commitEntry{commit, end, until}
}

// noteReading keeps one answer at once, before the observation that asked has ended.
func (c *offsetCache) noteReading(group string, commits map[partition]commitState, at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.readings[group] = reading{commits: commits, at: at}
}

// readSince returns a group's commits when another observation has asked for them since then. After a burst the refresh and the
// urgent observations need the same groups at the same time.
func (c *offsetCache) readSince(group string, wanted []partition, since time.Time) (map[partition]commitState, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	latest, found := c.readings[group]
	if !found || latest.at.Before(since) || len(wanted) == 0 { // none wanted means all that there are
		return nil, false
	}
	for _, at := range wanted {
		if _, answered := latest.commits[at]; !answered {
			return nil, false
		}
	}
	return latest.commits, true
}

// share returns whether a group is a share group, where Kafka was asked about it of late.
func (c *offsetCache) share(group string, now time.Time) (share, known bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	entry, found := c.shares[group]
	return entry.share, found && now.Before(entry.until)
}

func (c *offsetCache) noteShares(shares map[string]bool, now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for group, share := range shares {
		c.shares[group] = shareEntry{share, now.Add(c.topicLife)}
	}
}

// prune drops what was not asked for during a whole life, and the readings, which only observations of one time share.
func (c *offsetCache) prune(now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	maps.DeleteFunc(c.topics, func(_ string, entry topicEntry) bool { return now.Sub(entry.until) > rememberedLife(c.topicLife) })
	maps.DeleteFunc(c.commits, func(_ groupPartition, entry commitEntry) bool { return now.Sub(entry.until) > c.groupLife })
	maps.DeleteFunc(c.behind, func(key groupPartition, _ time.Time) bool { return c.commits[key].until.IsZero() })
	maps.DeleteFunc(c.readings, func(_ string, entry reading) bool { return now.Sub(entry.at) > c.groupLife })
	maps.DeleteFunc(c.shares, func(_ string, entry shareEntry) bool { return !now.Before(entry.until) })
	maps.DeleteFunc(c.warned, func(topic string, _ bool) bool { return c.topics[topic].until.IsZero() })
}

// rememberedLife is how long a topic's partitions are kept that were asked for in vain.
func rememberedLife(topicLife time.Duration) time.Duration { return 20 * topicLife }
