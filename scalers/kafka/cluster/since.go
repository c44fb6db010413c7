package cluster

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"

	"github.com/lagwise/lagwise/scalers/lag"
)

// firstState is the first record of a partition whose timestamp is not before some instant.
type firstState struct {
	found     bool
	offset    int64
	timestamp time.Time
	err       error
}

// since asks for the first record from an instant on. The embedded broker knows no timestamps, so nothing is known there.
func (c *client) since(ctx context.Context, at time.Time, partitions []partition) (map[partition]firstState, error) {
	if c.embedded {
		return map[partition]firstState{}, nil
	}
	results, err := c.listOffsets(ctx, kafka.NewOffsetSpecForTimestamp(at.UnixMilli()), partitions)
	if err != nil {
		return nil, err
	}
	states := make(map[partition]firstState, len(results))
	for at, info := range results {
		states[partition{*at.Topic, at.Partition}] = firstOf(info)
	}
	return states, nil
}

// firstOf reads one partition's answer. A leader that has no such record says so with -1 for offset and timestamp.
func firstOf(info kafka.ListOffsetsResultInfo) firstState {
	if info.Error.Code() == kafka.ErrNoError && info.Offset == -1 {
		return firstState{}
	}
	state := offsetOf(info)
	return firstState{found: state.err == nil, offset: state.offset, timestamp: time.UnixMilli(info.Timestamp), err: state.err}
}

// readSince asks, for each age that a want needs, which record of its partitions is the first from then on. What is not told
// is not known, and no fault: rules that look back fall back upon what was seen before.
func (p *pass) readSince(ctx context.Context) {
	wanted := map[time.Duration]map[partition]bool{}
	for _, want := range p.wants {
		for _, age := range want.Needs.Since {
			if wanted[age] == nil {
				wanted[age] = map[partition]bool{}
			}
			for at := range p.partitionsOf(want) {
				wanted[age][at] = true
			}
		}
	}
	p.since = map[time.Duration]map[partition]firstState{}
	for age, partitions := range wanted {
		states, err := batch[partition, partition, firstState]{
			ask: func(some []partition) (map[partition]firstState, error) {
				return p.admin.since(ctx, p.at.Add(-age), some)
			},
			blame: func(at partition, err error) (partition, firstState) { return at, firstState{err: err} },
		}.bisect(slices.SortedFunc(maps.Keys(partitions), comparePartitions))
		if err == nil {
			p.since[age] = states
		}
	}
}

// factsOf is nil for a want that needs none.
func (p *pass) factsOf(want Want, at partition) *lag.Facts {
	if len(want.Needs.Since) == 0 {
		return nil
	}
	var facts lag.Facts
	for _, age := range want.Needs.Since {
		if first, read := p.since[age][at]; read && first.err == nil {
			facts.Since = append(facts.Since, lag.Since{Age: age, Found: first.found, Offset: first.offset, Timestamp: first.timestamp})
		}
	}
	return &facts
}
