package cluster

import (
	"maps"
	"math/rand/v2"
	"sync"
	"time"
)

// ledger is what a session remembers from one pass to the next, so that it asks Kafka only for what may have changed:
// the partitions of topics, and the commits of groups that cannot have moved. It is safe for concurrent use.
type ledger struct {
	topicLife time.Duration
	groupLife time.Duration
	directory directory

	mu     sync.Mutex
	topics map[string]topicEntry
	groups map[string]groupEntry
	// readings are the latest of each group, for the passes that were under way at that time.
	readings map[string]reading
	// complained are the unreadable topics that were told of.
	complained map[string]bool
}

type topicEntry struct {
	state topicState
	until time.Time
}

// groupEntry is a group's commits and the log ends beside which they were read.
type groupEntry struct {
	commits map[partition]commitState
	ends    map[partition]int64
	life    time.Duration
	until   time.Time
}

// reading is what one request told of a group; nobody may change its commits. at is when it was sent.
type reading struct {
	commits map[partition]commitState
	at      time.Time
}

// same says whether both were read in the same state.
func (e groupEntry) same(other groupEntry) bool {
	return maps.Equal(e.ends, other.ends) && maps.EqualFunc(e.commits, other.commits, func(a, b commitState) bool {
		return a.err == nil && b.err == nil && a.offset == b.offset && a.committed == b.committed
	})
}

func newLedger(topicLife, groupLife time.Duration) *ledger {
	return &ledger{
		topicLife: topicLife, groupLife: groupLife,
		topics: map[string]topicEntry{}, groups: map[string]groupEntry{}, readings: map[string]reading{}, complained: map[string]bool{},
	}
}

// recall splits topics into those whose partitions are known and those to ask about.
func (l *ledger) recall(topics []string, now time.Time) (known map[string]topicState, unknown []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	known = make(map[string]topicState, len(topics))
	for _, topic := range topics {
		if entry, found := l.topics[topic]; found && now.Before(entry.until) {
			known[topic] = entry.state
			continue
		}
		unknown = append(unknown, topic)
	}
	return known, unknown
}

// describe notes the partitions of topics. What failed is not noted, and so is asked again in the next pass.
func (l *ledger) describe(states map[string]topicState, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for topic, state := range states {
		if state.err == nil {
			l.topics[topic] = topicEntry{state: state, until: now.Add(l.topicLife)}
		}
	}
}

// readable says whether records of the topic may be fetched, as far as is known.
func (l *ledger) readable(topic string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return !l.topics[topic].state.unreadable
}

// complain is true the first time that it is called for a topic.
func (l *ledger) complain(topic string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	first := !l.complained[topic]
	l.complained[topic] = true
	return first
}

// forget makes the next pass ask about the topic again: an answer about it did not fit what was known.
func (l *ledger) forget(topic string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.topics, topic)
}

// settled gives a group's commits when they cannot have changed: every log ends where it ended when they were read, and
// the group had read it to its end. A group may still be reset to an earlier offset; that is found when the entry's
// life is over.
func (l *ledger) settled(group string, wanted []partition, ends map[partition]offsetState, now time.Time) (map[partition]commitState, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	entry, found := l.groups[group]
	if !found || !now.Before(entry.until) {
		return nil, false
	}
	for _, at := range wanted {
		end, commit := ends[at], entry.commits[at]
		before, read := entry.ends[at]
		if end.err != nil || commit.err != nil || !read || end.offset != before {
			return nil, false
		}
		drained := commit.committed && commit.offset == end.offset
		neverUsed := !commit.committed && end.offset == 0
		if !drained && !neverUsed {
			return nil, false
		}
	}
	return entry.commits, true
}

// read notes one request's answer at once, before the pass that asked has ended.
func (l *ledger) read(group string, commits map[partition]commitState, at time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.readings[group] = reading{commits: commits, at: at}
}

// readSince gives a group's commits when another pass has asked for them since then. After a burst the refresh and the urgent
// passes want the same groups at the same time, and a coordinator answers one after the other.
func (l *ledger) readSince(group string, wanted []partition, since time.Time) (map[partition]commitState, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	latest, found := l.readings[group]
	if !found || latest.at.Before(since) || len(wanted) == 0 { // none wanted means all that there are
		return nil, false
	}
	for _, at := range wanted {
		if _, told := latest.commits[at]; !told {
			return nil, false
		}
	}
	return latest.commits, true
}

// commit notes what was read of a group. A group that has rested for a whole life gets a life of twice the length, once:
// each reading costs two requests, because librdkafka remembers the coordinators of ten groups only. Lives differ a little,
// so that groups that were first seen together do not come due together for ever.
func (l *ledger) commit(group string, commits map[partition]commitState, ends map[partition]offsetState, now time.Time) {
	entry := groupEntry{commits: commits, ends: make(map[partition]int64, len(commits)), life: l.groupLife}
	for at := range commits {
		if end, read := ends[at]; read && end.err == nil {
			entry.ends[at] = end.offset
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if before, found := l.groups[group]; found && !now.Before(before.until) && before.same(entry) {
		entry.life = 2 * l.groupLife
	}
	entry.until = now.Add(entry.life*3/4 + rand.N(entry.life/2+1)) //nolint:gosec // jitter needs no secrecy
	l.groups[group] = entry
}

// prune drops what nobody asked about for a whole life, and the readings, which only passes of one time share.
func (l *ledger) prune(now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	maps.DeleteFunc(l.topics, func(_ string, entry topicEntry) bool { return now.Sub(entry.until) > l.topicLife })
	maps.DeleteFunc(l.groups, func(_ string, entry groupEntry) bool { return now.Sub(entry.until) > l.groupLife })
	l.readings = map[string]reading{} // a pass that is under way asks once more
	maps.DeleteFunc(l.complained, func(topic string, _ bool) bool { return l.topics[topic].until.IsZero() })
}
