package cluster

import (
	"context"
	"time"

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

// counted is a source whose requests are counted.
type counted struct {
	source
	counts counts
}

func (c counted) describe(ctx context.Context, topics []string) (map[string]topicState, error) {
	states, err := c.source.describe(ctx, topics)
	c.counts.asked(ctx, metadataRequest, err)
	return states, err
}

func (c counted) list(ctx context.Context) ([]string, error) {
	names, err := c.source.list(ctx)
	c.counts.asked(ctx, metadataRequest, err)
	return names, err
}

func (c counted) offsets(ctx context.Context, end end, partitions []partition) (map[partition]offsetState, error) {
	states, err := c.source.offsets(ctx, end, partitions)
	c.counts.asked(ctx, listOffsetsRequest, err)
	return states, err
}

func (c counted) since(ctx context.Context, at time.Time, partitions []partition) (map[partition]firstState, error) {
	states, err := c.source.since(ctx, at, partitions)
	c.counts.asked(ctx, listOffsetsRequest, err)
	return states, err
}

func (c counted) committed(ctx context.Context, group string, partitions []partition) (map[partition]commitState, error) {
	commits, err := c.source.committed(ctx, group, partitions)
	c.counts.asked(ctx, offsetFetchRequest, err)
	return commits, err
}

func (c counted) members(ctx context.Context, group string) (groupState, error) {
	state, err := c.source.members(ctx, group)
	c.counts.asked(ctx, describeGroupsRequest, err)
	return state, err
}
