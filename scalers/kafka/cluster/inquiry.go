package cluster

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"

	"github.com/lagwise/lagwise/scalers/lag"
)

// inquiry is how far a snapshot got with one want. Its steps run in order: which topics, which partitions, where they end, how far
// the group got, and what the want's rules need beside. A step that lacks an answer is run again when answers have come.
type inquiry struct {
	*snapshot
	want  *Want
	place int
	step  int

	topics     []string
	partitions []partition
	excluded   []lag.Partition
	missing    []string
}

// resume goes on as far as the answers reach. Any part that failed fails the want as a whole: half an answer would look like less
// lag.
func (q *inquiry) resume() (result, bool) {
	steps := [...]func(*inquiry) (complete bool, fault *Fault){
		(*inquiry).findTopics, (*inquiry).findPartitions, (*inquiry).readEnds, (*inquiry).readCommits, (*inquiry).settle, (*inquiry).readMore,
	}
	for ; q.step < len(steps); q.step++ {
		complete, fault := steps[q.step](q)
		if fault != nil {
			return result{fault: fault}, true
		}
		if !complete {
			return result{}, false
		}
	}
	return q.assemble(), true
}

// findTopics lists the want's topics: as named or matched, or those in which its group has commits.
func (q *inquiry) findTopics() (bool, *Fault) {
	switch {
	case q.want.Pattern != nil:
		return q.matchTopics()
	case !q.want.discovers():
		q.topics = q.want.Topics
		return true, nil
	}
	all, known := q.all.get(q.want.Group)
	if !known {
		return false, nil
	}
	if all.err != nil {
		return false, q.groupFault(all.err)
	}
	for at, commit := range all.commits {
		if commit.committed && !slices.Contains(q.topics, at.topic) {
			q.topics = append(q.topics, at.topic)
		}
	}
	slices.Sort(q.topics)
	return true, nil
}

func (q *inquiry) matchTopics() (bool, *Fault) {
	names, fresh := q.cache.directory.recall(q.at)
	if !fresh {
		listed, known := q.names.get(struct{}{})
		if !known {
			return false, nil
		}
		if listed.err != nil {
			return false, faultOf("listing the topics", listed.err)
		}
		names = listed.names
	}
	for _, name := range names {
		if q.want.Pattern.MatchString(name) {
			q.topics = append(q.topics, name)
		}
	}
	return true, nil
}

var errUnknownTopic = kafka.NewError(kafka.ErrUnknownTopicOrPart, "unknown topic", false)

func (q *inquiry) findPartitions() (bool, *Fault) {
	complete := true
	for _, topic := range q.topics {
		_, known := q.topicState(topic)
		complete = complete && known
	}
	if !complete {
		return false, nil
	}
	for _, topic := range q.topics {
		state, _ := q.topicState(topic)
		fault := topicFault(topic, state)
		switch {
		case fault == nil:
			q.addPartitions(topic, state.partitions)
		case fault.Kind == UnknownTopic && q.want.Pattern != nil: // deleted since the topics were listed
		case fault.Kind == UnknownTopic && q.want.list():
			q.missing = append(q.missing, topic)
		default:
			return false, fault
		}
	}
	if len(q.missing) > 0 && len(q.missing) == len(q.want.Topics) {
		return false, &Fault{Kind: UnknownTopic, About: fmt.Sprintf("none of the topics %q exists", q.want.Topics)}
	}
	slices.SortFunc(q.partitions, comparePartitions)
	return true, nil
}

func (q *inquiry) addPartitions(topic string, ids []int32) {
	for _, id := range ids {
		if q.want.Counts != nil && !q.want.Counts(topic, id) {
			q.excluded = append(q.excluded, lag.Partition{Topic: topic, ID: id})
			continue
		}
		q.partitions = append(q.partitions, partition{topic, id})
	}
}

func (q *inquiry) topicState(topic string) (topicState, bool) {
	if _, read := q.snapshot.topics.known[topic]; !read {
		if state, _, fresh := q.cache.topic(topic, q.at); fresh {
			q.snapshot.topics.known[topic] = state
		}
	}
	return q.snapshot.topics.get(topic)
}

func topicFault(topic string, state topicState) *Fault {
	about := fmt.Sprintf("topic %q", topic)
	switch {
	case state.err == nil:
		return nil
	case hasCode(state.err, kafka.ErrUnknownTopicOrPart), hasCode(state.err, kafka.ErrUnknownTopic):
		return &Fault{Kind: UnknownTopic, About: about + " does not exist"}
	default:
		return faultOf(about, state.err)
	}
}

func hasCode(err error, wanted kafka.ErrorCode) bool {
	code, found := codeOf(err)
	return found && code == wanted
}

// readEnds asks at once for all that does not depend on the ends. An urgent snapshot asks for the commits as well; otherwise the ends
// come first, because they show which groups need not be asked.
func (q *inquiry) readEnds() (complete bool, fault *Fault) {
	complete = true
	for _, at := range q.partitions {
		end, known := q.ends.get(at)
		if known && end.err != nil {
			q.cache.forget(at.topic)
			return false, faultOf(partitionName(at), end.err)
		}
		complete = complete && known
		if q.want.Needs.ReadCommitted {
			stable, known := q.stable.get(at)
			if known && stable.err != nil {
				return false, faultOf(partitionName(at), stable.err)
			}
			complete = complete && known
		}
		if q.readsStart() {
			q.starts.get(at)
		}
		for _, age := range q.want.Needs.Since {
			q.sinceAge(age).get(at)
		}
		if q.urgent {
			q.commits.get(groupPartition{q.want.Group, at})
		}
	}
	if err := q.failed[q.want.Group]; err != nil && q.urgent {
		return false, q.groupFault(err)
	}
	return complete, nil
}

// readsStart reports whether the log start of every partition is needed.
func (q *inquiry) readsStart() bool { return q.want.Needs.LogStart || q.want.Needs.Shown }

func (q *inquiry) sinceAge(age time.Duration) *facts[partition, offsetState] {
	if q.since[age] == nil {
		states := newFacts[partition, offsetState](len(q.partitions))
		q.since[age] = &states
	}
	return q.since[age]
}

func partitionName(at partition) string { return fmt.Sprintf("topic %q partition %d", at.topic, at.id) }

func (q *inquiry) groupName() string { return fmt.Sprintf("consumer group %q", q.want.Group) }

func (q *inquiry) groupFault(err error) *Fault { return faultOf(q.groupName(), err) }

func (q *inquiry) readCommits() (complete bool, fault *Fault) {
	complete = true
	for _, at := range q.partitions {
		key := groupPartition{q.want.Group, at}
		if all, known := q.all.known[q.want.Group]; known && all.err == nil && q.want.discovers() {
			q.commits.known[key] = all.commits[at]
			q.fetched[key] = true
			continue
		}
		if _, read := q.commits.known[key]; !read && !q.urgent {
			if commit, settled := q.cache.settled(q.want.Group, at, q.ends.known[at].offset, q.at); settled {
				q.commits.known[key] = commit
			}
		}
		commit, known := q.commits.get(key)
		complete = complete && known
		if err := q.failed[q.want.Group]; err != nil {
			return false, q.groupFault(err)
		}
		if known && commit.err != nil {
			return false, faultOf(q.groupName()+", "+partitionName(at), commit.err)
		}
		if q.fetched[key] && q.cache.isBehind(q.want.Group, at, commit, q.at) {
			return false, &Fault{Kind: Unreachable, About: q.groupName() + ", " + partitionName(at), Err: errBehind}
		}
	}
	return complete, nil
}

var errBehind = errors.New("the coordinator answers with an older commit than before, and is asked again")

// settle reads those ends again that a commit has overtaken between the two readings. A topic that ends before a commit even then
// may have been deleted and made again.
func (q *inquiry) settle() (complete bool, fault *Fault) {
	complete = true
	for _, at := range q.partitions {
		commit := q.commits.known[groupPartition{q.want.Group, at}]
		if !commit.committed || commit.offset <= q.ends.known[at].offset {
			continue
		}
		again, known := q.reread.get(at)
		if !known {
			complete = false
			continue
		}
		if again.err != nil {
			q.cache.forget(at.topic)
			return false, faultOf(partitionName(at), again.err)
		}
		q.ends.known[at] = again
		if commit.offset > again.offset {
			q.cache.forget(at.topic)
		}
	}
	return complete, nil
}

// readMore asks for what depends on the commits, and waits for the rest. What only some rules use, and can do without, is no fault.
func (q *inquiry) readMore() (complete bool, fault *Fault) {
	complete = true
	committed := false
	for _, at := range q.partitions {
		commit := q.commits.known[groupPartition{q.want.Group, at}]
		committed = committed || commit.committed
		if q.readsStart() || q.want.Needs.LogStartWithoutCommit && !commit.committed {
			_, known := q.starts.get(at)
			complete = complete && known
		}
		for _, age := range q.want.Needs.Since {
			_, known := q.sinceAge(age).get(at)
			complete = complete && known
		}
	}
	if q.want.Needs.Members() && (q.want.Needs.ConsumersAtRest || q.lags()) {
		_, known := q.members.get(q.want.Group)
		complete = complete && known
	}
	if !committed {
		share, known := q.isShareGroup()
		if share {
			return false, &Fault{Kind: Unsupported, About: fmt.Sprintf("consumer group %q is a share group (KIP-932); its lag is not in committed offsets", q.want.Group)}
		}
		complete = complete && known
	}
	return complete, nil
}

// isShareGroup asks only about groups without commits: share groups have none.
func (q *inquiry) isShareGroup() (share, known bool) {
	if share, known = q.cache.share(q.want.Group, q.at); known {
		return share, true
	}
	return q.shares.get(q.want.Group)
}

func (q *inquiry) lags() bool {
	return slices.ContainsFunc(q.partitions, func(at partition) bool {
		return q.commits.known[groupPartition{q.want.Group, at}].offset < q.ends.known[at].offset
	})
}

func (q *inquiry) assemble() result {
	observation := lag.Observation{At: q.at, MissingTopics: q.missing, Excluded: q.excluded}
	for _, at := range q.partitions {
		counted, fault := q.assemblePartition(at)
		if fault != nil {
			return result{fault: fault}
		}
		observation.Partitions = append(observation.Partitions, counted)
	}
	observation.Group = q.assembleGroup(observation.Partitions)
	return result{observation: observation, partial: q.isPartial()}
}

// isPartial reports whether Kafka did not answer for a part of which the observation does without.
func (q *inquiry) isPartial() bool {
	partial := q.members.known[q.want.Group].err != nil
	for _, at := range q.partitions {
		partial = partial || q.starts.known[at].err != nil
		for _, age := range q.want.Needs.Since {
			partial = partial || q.sinceAge(age).known[at].err != nil
		}
	}
	return partial
}

func (q *inquiry) assemblePartition(at partition) (lag.Partition, *Fault) {
	key := groupPartition{q.want.Group, at}
	commit, end := q.commits.known[key], q.ends.known[at]
	if q.fetched[key] {
		q.cache.noteCommit(q.want.Group, at, commit, end.offset, q.until[q.want.Group])
	}
	counted := lag.Partition{
		Topic: at.topic, ID: at.id, End: q.endFor(at, commit, end), Committed: commit.offset, HasCommitted: commit.committed, Facts: q.factsOf(at),
	}
	start, read := q.starts.known[at]
	switch {
	case read && start.err == nil:
		counted.Start, counted.HasStart = start.offset, true
	case read && q.want.Needs.OldestRecord && q.want.Needs.LogStartWithoutCommit && !commit.committed:
		return lag.Partition{}, faultOf(partitionName(at)+": its log start offset", start.err) // no lag stands for an age
	}
	return counted, nil // KEDA counts up to the log end where the start is not known
}

// endFor is the end that a want counts up to. A commit behind the last stable offset was made since that was read, or by
// consumers that do not wait for transactions: nothing is left for the group in either case, and it is no commit past the end.
func (q *inquiry) endFor(at partition, commit commitState, end offsetState) int64 {
	if !q.want.Needs.ReadCommitted {
		return end.offset
	}
	stable := q.stable.known[at].offset
	if commit.committed {
		return max(stable, min(commit.offset, end.offset))
	}
	return stable
}

// factsOf is nil for a want that needs none.
func (q *inquiry) factsOf(at partition) *lag.Facts {
	if len(q.want.Needs.Since) == 0 {
		return nil
	}
	var known lag.Facts
	for _, age := range q.want.Needs.Since {
		if first := q.sinceAge(age).known[at]; first.err == nil {
			known.Since = append(known.Since, lag.Since{Age: age, Found: first.found, Offset: first.offset, Timestamp: first.timestamp})
		}
	}
	return &known
}

// assembleGroup is nil for a want that needs nothing of it. Partitions are those of the want's observation, in its order.
func (q *inquiry) assembleGroup(partitions []lag.Partition) *lag.Group {
	if !q.want.Needs.Members() {
		return nil
	}
	state := q.members.known[q.want.Group]
	group := &lag.Group{Told: state.told && state.err == nil}
	for id, assigned := range state.members {
		member := lag.Member{ID: id}
		for _, at := range assigned {
			place, counted := slices.BinarySearchFunc(partitions, at, func(p lag.Partition, at partition) int {
				return comparePartitions(partition{p.Topic, p.ID}, at)
			})
			if counted {
				member.Reads = append(member.Reads, place)
			}
		}
		slices.Sort(member.Reads)
		group.Members = append(group.Members, member)
	}
	slices.SortFunc(group.Members, func(a, b lag.Member) int { return strings.Compare(a.ID, b.ID) })
	return group
}
