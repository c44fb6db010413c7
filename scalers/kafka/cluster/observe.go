package cluster

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"
	"golang.org/x/sync/errgroup"

	"github.com/lagwise/lagwise/scalers/lag"
)

// groupsInFlight bounds concurrent OffsetFetch requests: each holds an operating system thread inside librdkafka, and
// hundreds at a time-out have aborted processes (librdkafka issue 4605).
//
// Urgent passes, of which several may be under way, have fewer each, because a thread keeps its memory for good.
const (
	groupsInFlight       = 16
	urgentGroupsInFlight = 8
)

// pass reads everything that a set of wants needs, once: what several wants share is asked for once. Its steps run in
// order; each gathers answers by topic, partition or group, and assemble puts them together for each want.
type pass struct {
	admin  admin
	ledger *ledger
	at     time.Time
	wants  []Want
	// urgent passes serve somebody who waits: they read everything at once instead of sparing requests.
	urgent bool

	topics map[string]topicState
	ends   map[partition]offsetState
	// stable are the last stable offsets, for wants that are read_committed.
	stable map[partition]offsetState
	starts map[partition]offsetState
	// startFault is why no start is known.
	startFault *Fault
	since      map[time.Duration]map[partition]firstState
	commits    map[string]map[partition]commitState
	groupErr   map[string]error
	// matching are the topics of each pattern; listFault is why they are not known.
	matching  map[string][]string
	listFault *Fault
	// fetched are the groups whose commits were read in this pass rather than remembered.
	fetched map[string]bool
	members map[string]groupState
}

// observe answers every want; the results are in the order of wants. A fault of the whole cluster is every want's
// fault, and is returned beside them as well.
func (p *pass) observe(ctx context.Context) ([]result, *Fault) {
	p.topics, p.ends, p.starts = map[string]topicState{}, map[partition]offsetState{}, map[partition]offsetState{}
	p.commits, p.groupErr, p.fetched = map[string]map[partition]commitState{}, map[string]error{}, map[string]bool{}
	if fault := p.read(ctx); fault != nil {
		results := make([]result, len(p.wants))
		for i := range results {
			results[i].fault = fault
		}
		return results, fault
	}
	results := make([]result, len(p.wants))
	for i, want := range p.wants {
		results[i] = p.assemble(want)
	}
	return results, nil
}

// read goes from the outside in: which topics, which partitions, where they end, and how far each group got. A commit
// that overtook its log end between the two readings makes settle read the end again.
func (p *pass) read(ctx context.Context) *Fault {
	p.listTopics(ctx)
	p.discover(ctx)
	if fault := p.describe(ctx); fault != nil {
		return fault
	}
	if fault := p.readEndsAndCommits(ctx); fault != nil {
		return fault
	}
	if fault := p.settle(ctx); fault != nil {
		return fault
	}
	p.note()
	if starting := p.partitionsNeedingStart(); len(starting) > 0 {
		// KEDA counts up to the log end when the start is not to be had; a start that is missing here says so.
		p.starts, p.startFault = p.readOffsets(ctx, logStart, starting)
	}
	p.readSince(ctx)
	p.readMembers(ctx)
	return nil
}

// readEndsAndCommits reads both at once when somebody waits. Otherwise ends come first, because they tell which groups
// need not be asked.
func (p *pass) readEndsAndCommits(ctx context.Context) *Fault {
	groups := p.groupsToRead()
	var both sync.WaitGroup
	if p.urgent {
		both.Go(func() { p.fetch(ctx, groups) })
	}
	ends, fault := p.readOffsets(ctx, logEnd, p.allPartitions())
	both.Wait()
	if fault != nil {
		return fault
	}
	p.ends = ends
	if fault := p.readStable(ctx); fault != nil {
		return fault
	}
	if !p.urgent {
		p.fetch(ctx, p.unsettled(groups))
	}
	return nil
}

// unsettled leaves out the groups whose commits cannot have changed, and takes those from the ledger.
func (p *pass) unsettled(groups map[string][]partition) map[string][]partition {
	asked := map[string][]partition{}
	for group, wanted := range groups {
		if commits, settled := p.ledger.settled(group, wanted, p.ends, p.at); settled && !p.fetched[group] {
			p.commits[group] = commits
			continue
		}
		asked[group] = wanted
	}
	return asked
}

// note keeps what was read for the passes to come. A topic whose partitions are not what they were known to be, or that
// ends before a commit even after a second look, may have been deleted and made again.
func (p *pass) note() {
	for group := range p.fetched {
		p.ledger.commit(group, p.commits[group], p.ends, p.at)
		for at, commit := range p.commits[group] {
			if end, read := p.ends[at]; read && commit.committed && commit.offset > end.offset {
				p.ledger.forget(at.topic)
			}
		}
	}
	for at, end := range p.ends {
		if end.err != nil {
			p.ledger.forget(at.topic)
		}
	}
}

// discover reads all commits of the groups whose wants name no topic.
func (p *pass) discover(ctx context.Context) {
	groups := map[string][]partition{}
	for _, want := range p.wants {
		if want.discovers() {
			groups[want.Group] = nil
		}
	}
	p.fetch(ctx, groups)
}

func (p *pass) describe(ctx context.Context) *Fault {
	named := map[string]bool{}
	for _, want := range p.wants {
		for _, topic := range p.topicsOf(want) {
			named[topic] = true
		}
	}
	if len(named) == 0 {
		return nil
	}
	known, unknown := p.ledger.recall(slices.Sorted(maps.Keys(named)), p.at)
	p.topics = known
	if len(unknown) == 0 {
		return nil
	}
	states, err := batch[string, string, topicState]{
		ask:   func(some []string) (map[string]topicState, error) { return p.admin.describe(ctx, some) },
		blame: func(topic string, err error) (string, topicState) { return topic, topicState{err: err} },
	}.bisect(unknown)
	switch {
	case err == nil:
	case kindOf(err) == TimedOut && len(known) > 0:
		// Whether the cluster is at fault or the new topics alone shows when the others' offsets are asked for.
		states = map[string]topicState{}
		for _, topic := range unknown {
			states[topic] = topicState{err: err}
		}
	default:
		return faultOf("describing topics", err)
	}
	p.ledger.describe(states, p.at)
	maps.Copy(p.topics, states)
	return nil
}

// topicsOf lists a want's topics: as named or matched, or those in which its group has commits.
func (p *pass) topicsOf(want Want) []string {
	switch {
	case want.Pattern != nil:
		return p.matching[want.Pattern.String()]
	case len(want.Topics) > 0:
		return want.Topics
	}
	found := map[string]bool{}
	for at, commit := range p.commits[want.Group] {
		if commit.committed {
			found[at.topic] = true
		}
	}
	return slices.Sorted(maps.Keys(found))
}

// partitionsOf are those of a want's topics, in the order of its topics.
func (p *pass) partitionsOf(want Want) iter.Seq[partition] {
	return func(yield func(partition) bool) {
		for _, topic := range p.topicsOf(want) {
			for _, id := range p.topics[topic].partitions {
				if !yield(partition{topic, id}) {
					return
				}
			}
		}
	}
}

func (p *pass) allPartitions() []partition {
	var all []partition
	for topic, state := range p.topics {
		for _, id := range state.partitions {
			all = append(all, partition{topic, id})
		}
	}
	slices.SortFunc(all, comparePartitions)
	return all
}

func comparePartitions(a, b partition) int {
	return cmp.Or(cmp.Compare(a.topic, b.topic), cmp.Compare(a.id, b.id))
}

func (p *pass) readOffsets(ctx context.Context, end end, wanted []partition) (map[partition]offsetState, *Fault) {
	if len(wanted) == 0 {
		return map[partition]offsetState{}, nil
	}
	states, err := batch[partition, partition, offsetState]{
		ask:   func(some []partition) (map[partition]offsetState, error) { return p.admin.offsets(ctx, end, some) },
		blame: func(at partition, err error) (partition, offsetState) { return at, offsetState{err: err} },
	}.bisect(wanted)
	if err != nil {
		return nil, faultOf("listing offsets", err)
	}
	return states, nil
}

// groupsToRead lists, for each group, the partitions that its wants count; reading them takes one request a group.
func (p *pass) groupsToRead() map[string][]partition {
	groups := map[string][]partition{}
	for _, want := range p.wants {
		if want.discovers() {
			continue
		}
		for at := range p.partitionsOf(want) {
			groups[want.Group] = append(groups[want.Group], at)
		}
	}
	for group, wanted := range groups {
		slices.SortFunc(wanted, comparePartitions)
		groups[group] = slices.Compact(wanted)
	}
	return groups
}

// fetch reads the groups' commits with bounded concurrency; a group's failure is its own. A group that another pass has
// read since this one began is not asked again.
func (p *pass) fetch(ctx context.Context, groups map[string][]partition) {
	var mu sync.Mutex
	var workers errgroup.Group
	workers.SetLimit(groupsInFlight)
	if p.urgent {
		workers.SetLimit(urgentGroupsInFlight)
	}
	for group, wanted := range groups {
		workers.Go(func() error {
			states, read := p.ledger.readSince(group, wanted, p.at)
			var err error
			if !read {
				states, err = p.ask(ctx, group, wanted)
			}
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				p.groupErr[group] = err
				return nil // kept for the wants of this group; the other groups go on
			}
			p.commits[group] = joined(p.commits[group], states)
			p.fetched[group] = true
			return nil
		})
	}
	_ = workers.Wait()
}

// joined leaves both as they are, because other passes and the ledger hold them as well.
func joined(before, more map[partition]commitState) map[partition]commitState {
	if len(before) == 0 {
		return more
	}
	both := maps.Clone(before)
	maps.Copy(both, more)
	return both
}

func (p *pass) ask(ctx context.Context, group string, wanted []partition) (map[partition]commitState, error) {
	sent := time.Now()
	states, err := p.admin.committed(ctx, group, wanted)
	if err == nil {
		p.ledger.read(group, states, sent)
	}
	return states, err
}

// settle reads those ends again that a commit overtook between the two readings.
func (p *pass) settle(ctx context.Context) *Fault {
	overtaken := map[partition]bool{}
	for _, commits := range p.commits {
		for at, commit := range commits {
			if end, read := p.ends[at]; read && end.err == nil && commit.committed && commit.offset > end.offset {
				overtaken[at] = true
			}
		}
	}
	again, fault := p.readOffsets(ctx, logEnd, slices.SortedFunc(maps.Keys(overtaken), comparePartitions))
	if fault != nil {
		return fault
	}
	maps.Copy(p.ends, again)
	return nil
}

func (p *pass) partitionsNeedingStart() []partition {
	needed := map[partition]bool{}
	for _, want := range p.wants {
		everywhere := want.Needs.LogStart || want.Needs.Shown
		if !everywhere && !want.Needs.LogStartWithoutCommit {
			continue
		}
		for at := range p.partitionsOf(want) {
			if everywhere || !p.commits[want.Group][at].committed {
				needed[at] = true
			}
		}
	}
	return slices.SortedFunc(maps.Keys(needed), comparePartitions)
}

// assemble puts one want's answer together. Any part of it that failed fails it as a whole: half an answer would look
// like less lag.
func (p *pass) assemble(want Want) result {
	if fault := p.unread(want); fault != nil {
		return result{fault: fault}
	}
	observation := lag.Observation{At: p.at}
	for _, topic := range p.topicsOf(want) {
		state, known := p.topics[topic]
		if fault := topicFault(topic, state, known); fault != nil {
			if fault.Kind == UnknownTopic && want.Pattern != nil {
				continue // deleted since the topics were listed
			}
			if fault.Kind == UnknownTopic && want.list() {
				observation.MissingTopics = append(observation.MissingTopics, topic)
				continue
			}
			return result{fault: fault}
		}
		for _, id := range state.partitions {
			counted, fault := p.partition(want, partition{topic, id})
			if fault != nil {
				return result{fault: fault}
			}
			observation.Partitions = append(observation.Partitions, counted)
		}
	}
	if missing := len(observation.MissingTopics); missing > 0 && missing == len(want.Topics) {
		return result{fault: &Fault{Kind: UnknownTopic, About: fmt.Sprintf("none of the topics %q exists", want.Topics)}}
	}
	slices.SortFunc(observation.Partitions, func(a, b lag.Partition) int {
		return comparePartitions(partition{a.Topic, a.ID}, partition{b.Topic, b.ID})
	})
	observation.Group = p.groupOf(want, observation.Partitions)
	return result{observation: observation}
}

// unread is why a want's topics or commits could not be read.
func (p *pass) unread(want Want) *Fault {
	if err := p.groupErr[want.Group]; err != nil {
		return faultOf(fmt.Sprintf("consumer group %q", want.Group), err)
	}
	if want.Pattern != nil {
		return p.listFault
	}
	return nil
}

func topicFault(topic string, state topicState, known bool) *Fault {
	about := fmt.Sprintf("topic %q", topic)
	switch {
	case !known, hasCode(state.err, kafka.ErrUnknownTopicOrPart), hasCode(state.err, kafka.ErrUnknownTopic):
		return &Fault{Kind: UnknownTopic, About: about + " does not exist"}
	case state.err != nil:
		return faultOf(about, state.err)
	default:
		return nil
	}
}

func (p *pass) partition(want Want, at partition) (lag.Partition, *Fault) {
	about := fmt.Sprintf("topic %q partition %d", at.topic, at.id)
	end, read := p.endFor(want, at)
	if !read {
		return lag.Partition{}, &Fault{Kind: Unreachable, About: about + ": its log end offset is missing from Kafka's answer"}
	}
	if end.err != nil {
		return lag.Partition{}, faultOf(about, end.err)
	}
	commit := p.commits[want.Group][at]
	if commit.err != nil {
		return lag.Partition{}, faultOf(fmt.Sprintf("consumer group %q, %s", want.Group, about), commit.err)
	}
	counted := lag.Partition{
		Topic: at.topic, ID: at.id, End: end.offset,
		Committed: commit.offset, HasCommitted: commit.committed, Facts: p.factsOf(want, at),
	}
	start, read := p.starts[at]
	switch {
	case read && start.err == nil:
		counted.Start, counted.HasStart = start.offset, true
	case want.Needs.OldestRecord && want.Needs.LogStartWithoutCommit && !commit.committed:
		return lag.Partition{}, p.noStart(about+": its log start offset", start.err) // no lag stands for an age
	}
	return counted, nil
}

func (p *pass) noStart(about string, err error) *Fault {
	switch {
	case err != nil:
		return faultOf(about, err)
	case p.startFault != nil:
		return &Fault{Kind: p.startFault.Kind, About: about, Err: p.startFault.cause()}
	default:
		return &Fault{Kind: Unreachable, About: about + " is missing from Kafka's answer"}
	}
}
