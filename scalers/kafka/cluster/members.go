package cluster

import (
	"context"
	"slices"
	"strings"
	"sync"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"
	"golang.org/x/sync/errgroup"

	"github.com/lagwise/lagwise/scalers/lag"
)

// groupState is who is in a group: the partitions of each member, by its id. told is false where the broker cannot tell.
type groupState struct {
	told    bool
	members map[string][]partition
}

// members asks for a group of either protocol. The embedded broker does not serve the question.
func (c *client) members(ctx context.Context, group string) (groupState, error) {
	if c.embedded {
		return groupState{}, nil
	}
	// As with committed, librdkafka must not end a request to a group's coordinator itself.
	ctx, cancel := context.WithTimeout(ctx, c.requestTimeout)
	defer cancel()
	result, err := c.admin.DescribeConsumerGroups(ctx, []string{group}, kafka.SetAdminRequestTimeout(longestRequest))
	if err != nil {
		return groupState{}, err //nolint:wrapcheck // the caller names the group
	}
	state := groupState{told: true, members: map[string][]partition{}}
	for _, described := range result.ConsumerGroupDescriptions {
		switch described.Error.Code() {
		case kafka.ErrNoError:
		case kafka.ErrGroupIDNotFound: // nobody has ever joined
			continue
		default:
			return groupState{}, described.Error
		}
		for _, member := range described.Members {
			reads := []partition{}
			for _, at := range member.Assignment.TopicPartitions {
				reads = append(reads, partition{*at.Topic, at.Partition})
			}
			state.members[member.ConsumerID] = reads
		}
	}
	return state, nil
}

// readMembers asks who is in the groups that have lag, or whose wants need it at rest as well, with bounded concurrency. Who is not told of
// is not known, and no fault.
func (p *pass) readMembers(ctx context.Context) {
	p.members = map[string]groupState{}
	var mu sync.Mutex
	var workers errgroup.Group
	workers.SetLimit(groupsInFlight)
	for _, group := range p.groupsWithMembers() {
		workers.Go(func() error {
			state, err := p.admin.members(ctx, group)
			if err != nil {
				return nil // not known
			}
			mu.Lock()
			defer mu.Unlock()
			p.members[group] = state
			return nil
		})
	}
	_ = workers.Wait()
}

func (p *pass) groupsWithMembers() []string {
	var groups []string
	for _, want := range p.wants {
		if want.Needs.Members() && (want.Needs.ConsumersAtRest || p.lags(want)) {
			groups = append(groups, want.Group)
		}
	}
	slices.Sort(groups)
	return slices.Compact(groups)
}

func (p *pass) lags(want Want) bool {
	for at := range p.partitionsOf(want) {
		commit := p.commits[want.Group][at]
		if !commit.committed {
			commit.offset = 0
		}
		if commit.offset < p.ends[at].offset {
			return true
		}
	}
	return false
}

// groupOf is nil for a want that needs nothing of it. Partitions are those of the want's observation, in its order.
func (p *pass) groupOf(want Want, partitions []lag.Partition) *lag.Group {
	if !want.Needs.Members() {
		return nil
	}
	state := p.members[want.Group]
	group := &lag.Group{Told: state.told}
	for id, reads := range state.members {
		member := lag.Member{ID: id}
		for _, at := range reads {
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
