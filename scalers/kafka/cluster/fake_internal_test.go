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
	before  func(context.Context, Call) error
	calls   []Call
	opened  int
	closed  int
	last    Connection
	reports chan error
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
		refused: map[string]error{}, reports: make(chan error, 10),
	}
}

// RequestTimeoutOf is how long a request may last by the options and their defaults.
func RequestTimeoutOf(options Options) time.Duration { return options.withDefaults().RequestTimeout }

// NewPoolOn makes a pool whose every connection leads to the fake.
func NewPoolOn(kafka *FakeKafka, options Options) *Pool {
	pool := NewPool(options)
	pool.open = func(connection Connection, _ Options) (source, error) {
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

// Report tells an error that belongs to no request.
func (k *FakeKafka) Report(err error) { k.reports <- err }

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

func (k *FakeKafka) members(ctx context.Context, group string) (groupState, error) {
	if err := k.ask(ctx, Members, group); err != nil {
		return groupState{}, err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	return groupState{told: true, members: maps.Clone(k.joined[group])}, nil
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

func (k *FakeKafka) describe(ctx context.Context, topics []string) (map[string]topicState, error) {
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

func (k *FakeKafka) list(ctx context.Context) ([]string, error) {
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

// Delete takes a topic away.
func (k *FakeKafka) Delete(topic string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	maps.DeleteFunc(k.ends, func(at partition, _ int64) bool { return at.topic == topic })
}

func (k *FakeKafka) offsets(ctx context.Context, end end, partitions []partition) (map[partition]offsetState, error) {
	question, offsets := Ends, k.ends
	switch end {
	case logStart:
		question, offsets = Starts, k.starts
	case stableEnd:
		question, offsets = Stables, k.stables
	case logEnd:
	}
	names := make([]string, len(partitions))
	for i, at := range partitions {
		names[i] = at.topic
	}
	if err := k.ask(ctx, question, names...); err != nil {
		return nil, err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	states := map[partition]offsetState{}
	for _, at := range partitions {
		states[at] = offsetState{offset: offsets[at]}
	}
	return states, nil
}

func (k *FakeKafka) since(ctx context.Context, since time.Time, partitions []partition) (map[partition]firstState, error) {
	names := make([]string, len(partitions))
	for i, at := range partitions {
		names[i] = at.topic
	}
	if err := k.ask(ctx, Firsts, names...); err != nil {
		return nil, err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	states := map[partition]firstState{}
	for _, at := range partitions {
		states[at] = firstState{}
		for offset := k.ends[at]; offset >= 0; offset-- {
			if timestamp, stamped := k.records[at][offset]; stamped && !timestamp.Before(since) {
				states[at] = firstState{found: true, offset: offset, timestamp: timestamp}
			}
		}
	}
	return states, nil
}

func (k *FakeKafka) committed(ctx context.Context, group string, partitions []partition) (map[partition]commitState, error) {
	if err := k.ask(ctx, Commits, group); err != nil {
		return nil, err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if err := k.refused[group]; err != nil {
		return nil, err
	}
	states := map[partition]commitState{}
	for _, at := range partitions {
		offset, committed := k.commits[group][at]
		if !committed {
			offset = -1001 // as librdkafka has it
		}
		states[at] = commitState{offset: offset, committed: committed}
	}
	if partitions == nil {
		for at, offset := range k.commits[group] {
			states[at] = commitState{offset: offset, committed: true}
		}
	}
	return states, nil
}

func (k *FakeKafka) poll(wait time.Duration) error {
	select {
	case err := <-k.reports:
		return err
	case <-time.After(wait):
		return nil
	}
}

func (k *FakeKafka) close() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.closed++
	return nil
}
