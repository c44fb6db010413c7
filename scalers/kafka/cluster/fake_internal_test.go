package cluster

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"
)

// FakeKafka is a cluster in memory: topics with ends, groups with commits, and whatever trouble a test makes. It stands
// inside the package because a session's source has no name outside, and is exported for the tests, which stand outside.
type FakeKafka struct {
	mu      sync.Mutex
	ends    map[partition]int64
	starts  map[partition]int64
	stables map[partition]int64
	readers []*FakeReader
	records map[partition]map[int64]time.Time
	commits map[string]map[partition]int64
	joined  map[string]map[string][]partition
	refused map[string]error
	// leaders are those of partitions that broker 0 does not lead; refusedOffsets fails the offsets of single topics.
	leaders        map[partition]int32
	refusedOffsets map[string]error
	shares         map[string]bool
	before         func(context.Context, Call) error
	calls          []Call
	opened         int
	closed         int
	last           Connection
	quota          error
}

// Question is what is asked of a cluster.
type Question string

// The questions.
const (
	Topics  Question = "topics"
	Ends    Question = "ends"
	Names   Question = "names"
	Starts  Question = "starts"
	Stables Question = "stables"
	Firsts  Question = "firsts"
	Commits Question = "commits"
	Members Question = "members"
	Brokers Question = "brokers"
)

// Call is one request: its question, and the names of the topics or the group that it is about.
type Call struct {
	Question Question
	Names    []string
}

// NewFakeKafka makes an empty cluster.
func NewFakeKafka() *FakeKafka {
	return &FakeKafka{
		ends: map[partition]int64{}, starts: map[partition]int64{}, stables: map[partition]int64{}, records: map[partition]map[int64]time.Time{},
		commits: map[string]map[partition]int64{}, joined: map[string]map[string][]partition{},
		refused: map[string]error{}, leaders: map[partition]int32{}, refusedOffsets: map[string]error{}, shares: map[string]bool{},
	}
}

// Wake does what a tail does when a record came for the subscription.
func Wake(subscription *Subscription) { subscription.session.wakeUp(subscription) }

// NewPoolOn makes a pool whose every connection leads to the fake.
func NewPoolOn(kafka *FakeKafka, options Options) *Pool {
	pool := NewPool(options)
	pool.open = func(connection Connection, _ Options) (client, error) {
		kafka.mu.Lock()
		defer kafka.mu.Unlock()
		kafka.opened++
		kafka.last = connection
		return kafka, nil
	}
	pool.read = kafka.openReader
	return pool
}

// Before is called at each request, which fails as a whole with the error that it returns; it may block.
func (k *FakeKafka) Before(before func(context.Context, Call) error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.before = before
}

// Refuse makes every answer about the topic or the group an error, alone among others; nil ends it.
func (k *FakeKafka) Refuse(name string, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.refused[name] = err
}

// RefuseOffsets makes every answer about the topic's offsets an error; nil ends it.
func (k *FakeKafka) RefuseOffsets(topic string, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.refusedOffsets[topic] = err
}

// Lead makes a broker the leader of a partition. Each broker answers by itself.
func (k *FakeKafka) Lead(broker int32, topic string, id int32) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.leaders[partition{topic, id}] = broker
}

// Share makes the group a share group.
func (k *FakeKafka) Share(group string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.shares[group] = true
}

// Throttle makes the broker hold requests back, for a reason; nil ends it.
func (k *FakeKafka) Throttle(reason error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.quota = reason
}

func (k *FakeKafka) brokers() int { return 1 }

func (k *FakeKafka) throttled(time.Time) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.quota
}

// SetEnd sets a partition's log end, and makes the partition if need be.
func (k *FakeKafka) SetEnd(topic string, id int32, offset int64) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.ends[partition{topic, id}] = offset
}

// SetStart sets a partition's log start.
func (k *FakeKafka) SetStart(topic string, id int32, offset int64) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.starts[partition{topic, id}] = offset
}

// SetStable sets a partition's last stable offset.
func (k *FakeKafka) SetStable(topic string, id int32, offset int64) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.stables[partition{topic, id}] = offset
}

// Stamp adds a record with a timestamp to a partition.
func (k *FakeKafka) Stamp(topic string, id int32, timestamp time.Time) {
	k.mu.Lock()
	defer k.mu.Unlock()
	at := partition{topic, id}
	if k.records[at] == nil {
		k.records[at] = map[int64]time.Time{}
	}
	k.records[at][k.ends[at]] = timestamp
	k.ends[at]++
}

// Commit sets a group's committed offset.
func (k *FakeKafka) Commit(group, topic string, id int32, offset int64) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.commits[group] == nil {
		k.commits[group] = map[partition]int64{}
	}
	k.commits[group][partition{topic, id}] = offset
}

// Join makes a member of a group that reads partitions of a topic.
func (k *FakeKafka) Join(group, member, topic string, ids ...int32) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.joined[group] == nil {
		k.joined[group] = map[string][]partition{}
	}
	k.joined[group][member] = nil
	for _, id := range ids {
		k.joined[group][member] = append(k.joined[group][member], partition{topic, id})
	}
}

func (k *FakeKafka) describeGroups(ctx context.Context, groups []string, answered func(map[string]groupState)) {
	each(groups, func(group string) {
		if err := k.ask(ctx, Members, group); err != nil {
			answered(map[string]groupState{group: {err: err}})
			return
		}
		k.mu.Lock()
		state := groupState{told: true, members: maps.Clone(k.joined[group])}
		k.mu.Unlock()
		answered(map[string]groupState{group: state})
	})
}

func (k *FakeKafka) shareGroups(_ context.Context, groups []string, answered func(map[string]bool)) {
	k.mu.Lock()
	shares := map[string]bool{}
	for _, group := range groups {
		shares[group] = k.shares[group]
	}
	k.mu.Unlock()
	answered(shares)
}

// each runs do for all items at once, and waits for all of them.
func each[Item any](items []Item, do func(Item)) {
	var running sync.WaitGroup
	for _, item := range items {
		running.Go(func() { do(item) })
	}
	running.Wait()
}

// TakeCalls lists the requests since the last time.
func (k *FakeKafka) TakeCalls() []Call {
	k.mu.Lock()
	defer k.mu.Unlock()
	calls := k.calls
	k.calls = nil
	return calls
}

// Clients counts the clients that were opened and those that were closed again.
func (k *FakeKafka) Clients() (opened, closed int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.opened, k.closed
}

// LastOpened is the connection of the client that was opened last.
func (k *FakeKafka) LastOpened() Connection {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.last
}

func (k *FakeKafka) ask(ctx context.Context, question Question, names ...string) error {
	k.mu.Lock()
	k.calls = append(k.calls, Call{question, names})
	before := k.before
	k.mu.Unlock()
	if before == nil {
		return nil
	}
	return before(ctx, Call{question, names})
}

func (k *FakeKafka) describeTopics(ctx context.Context, topics []string) (map[string]topicState, error) {
	if err := k.ask(ctx, Topics, topics...); err != nil {
		return nil, err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	states := map[string]topicState{}
	for _, topic := range topics {
		if err := k.refused[topic]; err != nil {
			states[topic] = topicState{err: err}
		}
		for at := range k.ends {
			if at.topic == topic && k.refused[topic] == nil {
				state := states[topic]
				state.partitions = append(state.partitions, at.id)
				states[topic] = state
			}
		}
	}
	return states, nil
}

func (k *FakeKafka) listTopics(ctx context.Context) ([]string, error) {
	if err := k.ask(ctx, Names); err != nil {
		return nil, err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	var names []string
	for at := range k.ends {
		if !slices.Contains(names, at.topic) {
			names = append(names, at.topic)
		}
	}
	return names, nil
}

func (k *FakeKafka) ping(ctx context.Context) error { return k.ask(ctx, Brokers) }

// Delete takes a topic away.
func (k *FakeKafka) Delete(topic string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	maps.DeleteFunc(k.ends, func(at partition, _ int64) bool { return at.topic == topic })
}

// listOffsets asks the leaders at once. Each of them answers, or fails, for all its partitions together.
func (k *FakeKafka) listOffsets(ctx context.Context, spec offsetSpec, partitions []partition, answered func(map[partition]offsetState)) {
	byLeader := map[int32][]partition{}
	k.mu.Lock()
	for _, at := range partitions {
		byLeader[k.leaders[at]] = append(byLeader[k.leaders[at]], at)
	}
	k.mu.Unlock()
	each(slices.Collect(maps.Values(byLeader)), func(partitions []partition) { answered(k.listAt(ctx, spec, partitions)) })
}

func (k *FakeKafka) listAt(ctx context.Context, spec offsetSpec, partitions []partition) map[partition]offsetState {
	question, offsets := Ends, k.ends
	switch spec.kind {
	case logStart:
		question, offsets = Starts, k.starts
	case stableEnd:
		question, offsets = Stables, k.stables
	case byTime:
		question = Firsts
	case logEnd:
	}
	names := make([]string, len(partitions))
	for i, at := range partitions {
		names[i] = at.topic
	}
	states := map[partition]offsetState{}
	err := k.ask(ctx, question, names...)
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, at := range partitions {
		switch refused := k.refusedOffsets[at.topic]; {
		case err != nil:
			states[at] = offsetState{err: err}
		case refused != nil:
			states[at] = offsetState{err: refused}
		case spec.kind == byTime:
			states[at] = k.firstSince(at, time.UnixMilli(spec.at))
		default:
			states[at] = offsetState{offset: offsets[at], found: true}
		}
	}
	return states
}

func (k *FakeKafka) firstSince(at partition, since time.Time) (state offsetState) {
	for offset := k.ends[at]; offset >= 0; offset-- {
		if timestamp, stamped := k.records[at][offset]; stamped && !timestamp.Before(since) {
			state = offsetState{found: true, offset: offset, timestamp: timestamp}
		}
	}
	return state
}

// fetchOffsets asks for all groups at once, each at a coordinator of its own.
func (k *FakeKafka) fetchOffsets(ctx context.Context, groups map[string][]partition, answered func(map[string]groupCommits)) {
	each(slices.Collect(maps.Keys(groups)), func(group string) {
		answered(map[string]groupCommits{group: k.fetch(ctx, group, groups[group])})
	})
}

func (k *FakeKafka) fetch(ctx context.Context, group string, partitions []partition) groupCommits {
	if err := k.ask(ctx, Commits, group); err != nil {
		return groupCommits{err: err}
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if err := k.refused[group]; err != nil {
		return groupCommits{err: err}
	}
	states := map[partition]commitState{}
	for _, at := range partitions {
		offset, committed := k.commits[group][at]
		states[at] = commitState{offset: offset, committed: committed}
	}
	if partitions == nil {
		for at, offset := range k.commits[group] {
			states[at] = commitState{offset: offset, committed: true}
		}
	}
	return groupCommits{commits: states}
}

func (k *FakeKafka) close() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.closed++
}
