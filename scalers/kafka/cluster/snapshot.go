package cluster

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"sync"
	"time"
)

// gather is how long a refresh waits for more answers once one has come, so that what follows from several is asked together.
const gather = 10 * time.Millisecond

// snapshot reads what a set of wants needs. What several wants share is asked for once. Each want goes on as soon as what it needs
// itself is answered, and is delivered when it is complete: a broker that does not answer delays the wants that need it, and no
// others. run does all its work in one goroutine; requests run beside it and hand it their answers.
type snapshot struct {
	client client
	cache  *offsetCache
	at     time.Time
	wants  []Want
	// urgent snapshots serve triggers that wait: they read everything at once instead of sparing requests.
	urgent bool
	// deliver takes the result of one want, by its place in wants, once.
	deliver func(i int, r result)

	// clusterFault is why no broker at all answered; nil where one did, and where none was asked.
	clusterFault *Fault

	names   facts[struct{}, topicNames]
	topics  facts[string, topicState]
	ends    facts[partition, offsetState]
	stable  facts[partition, offsetState]
	starts  facts[partition, offsetState]
	since   map[time.Duration]*facts[partition, offsetState]
	reread  facts[partition, offsetState]
	commits facts[groupPartition, commitState]
	all     facts[string, groupCommits]
	members facts[string, groupState]
	shares  facts[string, bool]
	// failed are the groups whose commits could not be read.
	failed map[string]error
	// fetched are the commits that were read in this snapshot rather than kept, and until when each group's are kept.
	fetched map[groupPartition]bool
	until   map[string]time.Time

	// requests run until they end, or the session does: one that shows that a broker answers again is not given up because the
	// want that needed it has failed already.
	requests *sync.WaitGroup
	answers  chan func()
	// finished is closed when nobody takes answers any more.
	finished chan struct{}
	underWay int
}

// topicNames are the names of all topics, or why they are not known.
type topicNames struct {
	names []string
	err   error
}

// run ends when every want was delivered, or ctx has ended.
func (s *snapshot) run(ctx context.Context) {
	size := len(s.wants)
	s.names, s.topics = newFacts[struct{}, topicNames](1), newFacts[string, topicState](size)
	s.ends, s.stable = newFacts[partition, offsetState](size), newFacts[partition, offsetState](0)
	s.starts, s.reread = newFacts[partition, offsetState](0), newFacts[partition, offsetState](0)
	s.since = map[time.Duration]*facts[partition, offsetState]{}
	s.commits, s.all = newFacts[groupPartition, commitState](size), newFacts[string, groupCommits](0)
	s.members, s.shares = newFacts[string, groupState](0), newFacts[string, bool](0)
	s.failed, s.fetched, s.until = map[string]error{}, map[groupPartition]bool{}, map[string]time.Time{}
	s.answers, s.finished = make(chan func()), make(chan struct{})
	defer close(s.finished)
	open := make([]*inquiry, len(s.wants))
	for i := range s.wants {
		open[i] = &inquiry{snapshot: s, want: &s.wants[i], place: i}
	}
	for {
		open = slices.DeleteFunc(open, func(q *inquiry) bool {
			r, done := q.resume()
			if done {
				s.deliver(q.place, r)
			}
			return done
		})
		if len(open) == 0 {
			return
		}
		s.send(ctx)
		if !s.await(ctx) {
			return
		}
	}
}

// await waits for answers, unless all that was wanted was known without a request.
func (s *snapshot) await(ctx context.Context) bool {
	if s.underWay == 0 {
		return ctx.Err() == nil
	}
	select {
	case <-ctx.Done():
		return false
	case note := <-s.answers:
		note()
	}
	var more <-chan time.Time
	if !s.urgent {
		more = time.After(gather)
	}
	for s.underWay > 0 {
		if s.urgent {
			select {
			case note := <-s.answers:
				note()
				continue
			default:
				return true
			}
		}
		select {
		case <-ctx.Done():
			return false
		case note := <-s.answers:
			note()
		case <-more:
			return true
		}
	}
	return true
}

// send asks for what the wants have been found to need.
func (s *snapshot) send(ctx context.Context) {
	s.sendTopics(ctx)
	s.sendOffsets(ctx, offsetSpec{kind: logEnd}, &s.ends)
	s.sendOffsets(ctx, offsetSpec{kind: logEnd}, &s.reread)
	s.sendOffsets(ctx, offsetSpec{kind: stableEnd}, &s.stable)
	s.sendOffsets(ctx, offsetSpec{kind: logStart}, &s.starts)
	for age, since := range s.since {
		s.sendOffsets(ctx, offsetSpec{kind: byTime, at: s.at.Add(-age).UnixMilli()}, since)
	}
	s.sendGroups(ctx)
}

// request runs ask beside run. What ask hands to answer is done by run itself.
func (s *snapshot) request(ask func(answer func(note func()))) {
	s.underWay++
	answer := func(note func()) {
		select {
		case s.answers <- note:
		case <-s.finished:
		}
	}
	s.requests.Go(func() {
		ask(answer)
		answer(func() { s.underWay-- })
	})
}

func (s *snapshot) sendTopics(ctx context.Context) {
	if len(s.names.take()) > 0 {
		s.request(func(answer func(func())) {
			names, err := s.client.listTopics(ctx)
			answer(func() { s.noteNames(names, err) })
		})
	}
	if topics := s.topics.take(); len(topics) > 0 {
		slices.Sort(topics)
		s.request(func(answer func(func())) {
			states, err := s.client.describeTopics(ctx, topics)
			answer(func() { s.noteTopics(topics, states, err) })
		})
	}
}

func (s *snapshot) sendOffsets(ctx context.Context, spec offsetSpec, into *facts[partition, offsetState]) {
	partitions := into.take()
	if len(partitions) == 0 {
		return
	}
	slices.SortFunc(partitions, comparePartitions)
	s.request(func(answer func(func())) {
		s.client.listOffsets(ctx, spec, partitions, func(states map[partition]offsetState) {
			answer(func() { maps.Copy(into.known, states) })
		})
	})
}

func (s *snapshot) sendGroups(ctx context.Context) {
	if groups := s.groupsToFetch(); len(groups) > 0 {
		sent := time.Now()
		s.request(func(answer func(func())) {
			s.client.fetchOffsets(ctx, groups, func(states map[string]groupCommits) {
				answer(func() { s.noteCommits(groups, states, sent) })
			})
		})
	}
	if groups := s.members.take(); len(groups) > 0 {
		s.request(func(answer func(func())) {
			s.client.describeGroups(ctx, groups, func(states map[string]groupState) {
				answer(func() { maps.Copy(s.members.known, states) })
			})
		})
	}
	if groups := s.shares.take(); len(groups) > 0 {
		s.request(func(answer func(func())) {
			s.client.shareGroups(ctx, groups, func(shares map[string]bool) {
				answer(func() {
					s.cache.noteShares(shares, s.at)
					maps.Copy(s.shares.known, shares)
				})
			})
		})
	}
}

// groupsToFetch lists the partitions of each group whose commits are to be read; none for all commits of the group. A group that
// another observation has read since this one began is not asked again.
func (s *snapshot) groupsToFetch() map[string][]partition {
	groups := map[string][]partition{}
	for _, at := range s.commits.take() {
		groups[at.group] = append(groups[at.group], at.partition)
	}
	for group, partitions := range groups {
		slices.SortFunc(partitions, comparePartitions)
		if commits, read := s.cache.readSince(group, partitions, s.at); read {
			s.noteGroup(group, partitions, commits)
			delete(groups, group)
		}
	}
	for _, group := range s.all.take() {
		groups[group] = nil
	}
	return groups
}

func (s *snapshot) noteNames(names []string, err error) {
	if err == nil {
		names = slices.DeleteFunc(slices.Sorted(slices.Values(names)), internal)
		s.cache.directory.note(names, s.at.Add(s.cache.topicLife))
	}
	s.names.known[struct{}{}] = topicNames{names, err}
}

// noteTopics goes on with the partitions that are remembered when no broker answers: whether that concerns the topics shows when
// their offsets are asked for.
func (s *snapshot) noteTopics(asked []string, states map[string]topicState, err error) {
	if err != nil {
		fault := faultOf("describing topics", err)
		if fault.wholeCluster() {
			s.clusterFault = fault
		}
		for _, topic := range asked {
			state, remembered, _ := s.cache.topic(topic, s.at)
			if !remembered {
				state = topicState{err: fault}
			}
			s.topics.known[topic] = state
		}
		return
	}
	s.cache.noteTopics(states, s.at)
	for _, topic := range asked {
		state, found := states[topic]
		if !found {
			state.err = errUnknownTopic
		}
		s.topics.known[topic] = state
	}
}

func (s *snapshot) noteCommits(asked map[string][]partition, states map[string]groupCommits, sent time.Time) {
	for group, state := range states {
		partitions := asked[group]
		switch {
		case partitions == nil:
			s.all.known[group] = state
		case state.err != nil:
			s.failed[group] = state.err
			for _, at := range partitions {
				s.commits.known[groupPartition{group, at}] = commitState{err: state.err}
			}
			continue
		}
		if state.err == nil {
			s.cache.noteReading(group, state.commits, sent)
			s.noteGroup(group, partitions, state.commits)
		}
	}
}

// noteGroup takes what was read of a group. Without partitions that is all it has.
func (s *snapshot) noteGroup(group string, partitions []partition, commits map[partition]commitState) {
	if partitions == nil {
		partitions = slices.Collect(maps.Keys(commits))
	}
	for _, at := range partitions {
		key := groupPartition{group, at}
		s.commits.known[key] = commits[at]
		s.fetched[key] = true
	}
	if s.until[group].IsZero() {
		s.until[group] = s.at.Add(s.cache.life())
	}
}

func comparePartitions(a, b partition) int {
	return cmp.Or(cmp.Compare(a.topic, b.topic), cmp.Compare(a.id, b.id))
}
