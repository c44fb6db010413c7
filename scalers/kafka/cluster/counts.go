package cluster

import (
	"context"

	"github.com/lagwise/lagwise/scalers/sessions"
)

// counts is what a session counts of its own work.
type counts struct{ *sessions.Tally }

func newCounts() counts {
	names := make([]string, requestNames)
	for name := range names {
		names[name] = requestName(name).String()
	}
	return counts{sessions.NewTally(names...)}
}

// requestName is a kind of request in Kafka's protocol.
type requestName int

const (
	metadataRequest requestName = iota
	listOffsetsRequest
	offsetFetchRequest
	describeGroupsRequest
	requestNames int = iota
)

func (n requestName) String() string {
	switch n {
	case metadataRequest:
		return "Metadata"
	case listOffsetsRequest:
		return "ListOffsets"
	case offsetFetchRequest:
		return "OffsetFetch"
	case describeGroupsRequest:
		return "DescribeGroups"
	default:
		return "other"
	}
}

// asked counts a request that has ended. One that was given up because lagwise stops has not failed.
func (c counts) asked(ctx context.Context, name requestName, err error) {
	failure := ""
	if err != nil && ctx.Err() == nil {
		failure = kindOf(err).String()
	}
	c.Asked(name.String(), 1, failure)
}

// countedClient is a client whose requests are counted: one for each broker's answer.
type countedClient struct {
	client
	counts counts
}

func (c countedClient) describeTopics(ctx context.Context, topics []string) (map[string]topicState, error) {
	states, err := c.client.describeTopics(ctx, topics)
	c.counts.asked(ctx, metadataRequest, err)
	return states, err
}

func (c countedClient) listTopics(ctx context.Context) ([]string, error) {
	names, err := c.client.listTopics(ctx)
	c.counts.asked(ctx, metadataRequest, err)
	return names, err
}

func (c countedClient) ping(ctx context.Context) error {
	err := c.client.ping(ctx)
	c.counts.asked(ctx, metadataRequest, err)
	return err
}

func (c countedClient) listOffsets(ctx context.Context, spec offsetSpec, partitions []partition, answered func(map[partition]offsetState)) {
	c.client.listOffsets(ctx, spec, partitions, func(states map[partition]offsetState) {
		c.counts.asked(ctx, listOffsetsRequest, failureOf(states, func(state offsetState) error { return state.err }))
		answered(states)
	})
}

func (c countedClient) fetchOffsets(ctx context.Context, groups map[string][]partition, answered func(map[string]groupCommits)) {
	c.client.fetchOffsets(ctx, groups, func(states map[string]groupCommits) {
		c.counts.asked(ctx, offsetFetchRequest, failureOf(states, func(state groupCommits) error { return state.err }))
		answered(states)
	})
}

func (c countedClient) describeGroups(ctx context.Context, groups []string, answered func(map[string]groupState)) {
	c.client.describeGroups(ctx, groups, func(states map[string]groupState) {
		c.counts.asked(ctx, describeGroupsRequest, failureOf(states, func(state groupState) error { return state.err }))
		answered(states)
	})
}

// failureOf is why an answer failed as a whole; nil where any part of it is good.
func failureOf[Key comparable, Answer any](answers map[Key]Answer, errOf func(Answer) error) (failure error) {
	for _, answer := range answers {
		if failure = errOf(answer); failure == nil {
			return nil
		}
	}
	return failure
}
