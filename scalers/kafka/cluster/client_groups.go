package cluster

import (
	"context"
	"errors"
	"sync"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
	"golang.org/x/sync/errgroup"
)

// singlesInFlight bounds the requests for one group each that are under way at a coordinator before Kafka 3.0.
const singlesInFlight = 16

func (c *brokerClient) fetchOffsets(ctx context.Context, groups map[string][]partition, answered func(map[string]groupCommits)) {
	names := make([]string, 0, len(groups))
	for group := range groups {
		names = append(names, group)
	}
	c.atCoordinators(ctx, names, true, func(ctx context.Context, broker int32, some []string) map[string]error {
		states := c.fetchAt(ctx, broker, some, groups)
		moved := map[string]error{}
		for group, state := range states {
			if isMoved(state.err) {
				moved[group] = state.err
				delete(states, group)
			}
		}
		if len(states) > 0 {
			answered(states)
		}
		return moved
	}, func(failed map[string]error) {
		states := make(map[string]groupCommits, len(failed))
		for group, err := range failed {
			states[group] = groupCommits{err: err}
		}
		answered(states)
	})
}

// fetchAt asks one coordinator, and answers for every group. Brokers before Kafka 3.0 answer for one group at a time (KIP-709).
func (c *brokerClient) fetchAt(ctx context.Context, broker int32, groups []string, partitions map[string][]partition) map[string]groupCommits {
	states := make(map[string]groupCommits, len(groups))
	answer, err := c.fetchSome(ctx, broker, groups, partitions)
	if err == nil && answer.Version < 8 {
		states[groups[0]] = singleGroup(answer, partitions[groups[0]])
		c.fetchSingly(ctx, broker, groups[1:], partitions, states)
		return states
	}
	if err == nil {
		for _, group := range answer.Groups {
			states[group.Group] = commitsOf(group, partitions[group.Group])
		}
		err = &brokerError{c.routes.name(broker), errLeftOut}
	}
	for _, group := range groups {
		if _, found := states[group]; !found {
			states[group] = groupCommits{err: err}
		}
	}
	return states
}

func (c *brokerClient) fetchSingly(ctx context.Context, broker int32, groups []string, partitions map[string][]partition, states map[string]groupCommits) {
	var mu sync.Mutex
	var requests errgroup.Group
	requests.SetLimit(singlesInFlight)
	for _, group := range groups {
		requests.Go(func() error {
			answer, err := c.fetchSome(ctx, broker, []string{group}, partitions)
			state := groupCommits{err: err}
			if err == nil {
				state = singleGroup(answer, partitions[group])
			}
			mu.Lock()
			defer mu.Unlock()
			states[group] = state
			return nil
		})
	}
	_ = requests.Wait()
}

// fetchSome asks for groups in the form of newer brokers, and for the first of them in that of older ones. Which one is sent is
// decided by the broker's versions.
func (c *brokerClient) fetchSome(ctx context.Context, broker int32, groups []string, partitions map[string][]partition) (*kmsg.OffsetFetchResponse, error) {
	request := kmsg.NewPtrOffsetFetchRequest()
	request.Group = groups[0]
	for _, group := range groups {
		wanted := kmsg.NewOffsetFetchRequestGroup()
		wanted.Group = group
		for topic, ids := range byTopic(partitions[group]) { // none asks for all commits of the group
			one := kmsg.NewOffsetFetchRequestGroupTopic()
			one.Topic, one.Partitions = topic, ids
			wanted.Topics = append(wanted.Topics, one)
			if group == groups[0] {
				old := kmsg.NewOffsetFetchRequestTopic()
				old.Topic, old.Partitions = topic, ids
				request.Topics = append(request.Topics, old)
			}
		}
		request.Groups = append(request.Groups, wanted)
	}
	response, err := c.ask(ctx, broker, request)
	if err != nil {
		return nil, err
	}
	return response.(*kmsg.OffsetFetchResponse), nil //nolint:forcetypeassert // the request's own response
}

func byTopic(partitions []partition) map[string][]int32 {
	topics := map[string][]int32{}
	for _, at := range partitions {
		topics[at.topic] = append(topics[at.topic], at.id)
	}
	return topics
}

// singleGroup brings the answer of an older broker into the form of newer ones.
func singleGroup(answer *kmsg.OffsetFetchResponse, asked []partition) groupCommits {
	group := kmsg.OffsetFetchResponseGroup{ErrorCode: answer.ErrorCode}
	for _, topic := range answer.Topics {
		one := kmsg.OffsetFetchResponseGroupTopic{Topic: topic.Topic}
		for _, p := range topic.Partitions {
			one.Partitions = append(one.Partitions, kmsg.OffsetFetchResponseGroupTopicPartition{
				Partition: p.Partition, Offset: p.Offset, ErrorCode: p.ErrorCode,
			})
		}
		group.Topics = append(group.Topics, one)
	}
	return commitsOf(group, asked)
}

// commitsOf reads one group's answer. A partition that was asked for and is missing is an error: it must not be taken for a
// partition without a commit.
func commitsOf(group kmsg.OffsetFetchResponseGroup, asked []partition) groupCommits {
	err := kerr.ErrorForCode(group.ErrorCode)
	if err != nil && !errors.Is(err, kerr.GroupIDNotFound) {
		return groupCommits{err: err}
	}
	commits := make(map[partition]commitState, len(asked))
	for _, topic := range group.Topics {
		for _, p := range topic.Partitions {
			commits[partition{topic.Topic, p.Partition}] = commitState{
				offset: max(p.Offset, 0), committed: p.Offset >= 0, err: kerr.ErrorForCode(p.ErrorCode),
			}
		}
	}
	for _, at := range asked {
		if _, found := commits[at]; !found && err == nil {
			commits[at] = commitState{err: errLeftOut}
		}
	}
	return groupCommits{commits: commits}
}

func (c *brokerClient) describeGroups(ctx context.Context, groups []string, answered func(map[string]groupState)) {
	c.atCoordinators(ctx, groups, true, func(ctx context.Context, broker int32, some []string) map[string]error {
		states, moved := c.describeAt(ctx, broker, some)
		if len(states) > 0 {
			answered(states)
		}
		return moved
	}, func(failed map[string]error) {
		states := make(map[string]groupState, len(failed))
		for group, err := range failed {
			states[group] = groupState{err: err}
		}
		answered(states)
	})
}

// describeAt asks one coordinator by both protocols: a group of the newer one (KIP-848) does not exist for the older question.
func (c *brokerClient) describeAt(ctx context.Context, broker int32, groups []string) (states map[string]groupState, moved map[string]error) {
	states, moved = make(map[string]groupState, len(groups)), map[string]error{}
	classic, err := c.ask(ctx, broker, &kmsg.DescribeGroupsRequest{Groups: groups})
	if err != nil {
		for _, group := range groups {
			states[group] = groupState{err: err}
		}
		return states, moved
	}
	var others []string
	for _, group := range classic.(*kmsg.DescribeGroupsResponse).Groups { //nolint:forcetypeassert // the request's own response
		err := kerr.ErrorForCode(group.ErrorCode)
		switch {
		case errors.Is(err, kerr.GroupIDNotFound), err == nil && group.State == "Dead":
			others = append(others, group.Group)
		case isMoved(err):
			moved[group.Group] = err
		case err != nil:
			states[group.Group] = groupState{err: err}
		default:
			states[group.Group] = classicMembers(group)
		}
	}
	if len(others) > 0 {
		c.describeConsumerGroups(ctx, broker, others, states)
	}
	return states, moved
}

func classicMembers(group kmsg.DescribeGroupsResponseGroup) groupState {
	state := groupState{told: true, members: map[string][]partition{}}
	for _, member := range group.Members {
		assigned := []partition{}
		var assignment kmsg.ConsumerMemberAssignment
		if len(member.MemberAssignment) > 0 && assignment.ReadFrom(member.MemberAssignment) == nil {
			for _, topic := range assignment.Topics {
				for _, id := range topic.Partitions {
					assigned = append(assigned, partition{topic.Topic, id})
				}
			}
		}
		state.members[member.MemberID] = assigned
	}
	return state
}

// describeConsumerGroups asks for groups that the older protocol does not know. Those that the newer one does not know either have
// no members: nobody has joined them yet.
func (c *brokerClient) describeConsumerGroups(ctx context.Context, broker int32, groups []string, states map[string]groupState) {
	for _, group := range groups {
		states[group] = groupState{told: true}
	}
	response, err := c.ask(ctx, broker, &kmsg.ConsumerGroupDescribeRequest{Groups: groups})
	if err != nil {
		return // a broker before Kafka 4.0 has no such groups
	}
	for _, group := range response.(*kmsg.ConsumerGroupDescribeResponse).Groups { //nolint:forcetypeassert // the request's own response
		if group.ErrorCode != 0 {
			continue
		}
		state := groupState{told: true, members: map[string][]partition{}}
		for _, member := range group.Members {
			assigned := []partition{}
			for _, topic := range member.Assignment.TopicPartitions {
				for _, id := range topic.Partitions {
					assigned = append(assigned, partition{topic.Topic, id})
				}
			}
			state.members[member.MemberID] = assigned
		}
		states[group.Group] = state
	}
}

func (c *brokerClient) shareGroups(ctx context.Context, groups []string, answered func(map[string]bool)) {
	c.atCoordinators(ctx, groups, true, func(ctx context.Context, broker int32, some []string) map[string]error {
		shares := make(map[string]bool, len(some))
		for _, group := range some {
			shares[group] = false
		}
		if response, err := c.ask(ctx, broker, &kmsg.ShareGroupDescribeRequest{GroupIDs: some}); err == nil {
			for _, group := range response.(*kmsg.ShareGroupDescribeResponse).Groups { //nolint:forcetypeassert // the request's own response
				shares[group.GroupID] = group.ErrorCode == 0
			}
		}
		answered(shares)
		return nil
	}, func(failed map[string]error) {
		shares := make(map[string]bool, len(failed))
		for group := range failed {
			shares[group] = false
		}
		answered(shares)
	})
}
