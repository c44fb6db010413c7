package cluster

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// The timestamps that stand for the ends of a log in ListOffsets (Kafka: ListOffsetsRequest).
const (
	latestTimestamp   = -1
	earliestTimestamp = -2
)

func (c *brokerClient) listOffsets(ctx context.Context, spec offsetSpec, partitions []partition, answered func(map[partition]offsetState)) {
	c.listAtLeaders(ctx, spec, partitions, answered, true)
}

// listAtLeaders asks all leaders at once. Partitions whose leader is not known, fails, or leads no longer are asked for once more
// after the metadata was read again, where again is set.
func (c *brokerClient) listAtLeaders(
	ctx context.Context, spec offsetSpec, partitions []partition, answered func(map[partition]offsetState), again bool,
) {
	byLeader, moved := c.leadersOf(partitions, again)
	var requests sync.WaitGroup
	for broker, some := range byLeader {
		requests.Go(func() {
			states := c.listAt(ctx, broker, spec, some)
			moved := map[partition]offsetState{}
			for at, state := range states {
				if again && isMoved(state.err) {
					moved[at] = state
					delete(states, at)
				}
			}
			if len(states) > 0 {
				answered(states)
			}
			c.listMoved(ctx, spec, moved, answered, again)
		})
	}
	requests.Go(func() { c.listMoved(ctx, spec, moved, answered, again) })
	requests.Wait()
}

func (c *brokerClient) listMoved(
	ctx context.Context, spec offsetSpec, moved map[partition]offsetState, answered func(map[partition]offsetState), again bool,
) {
	switch {
	case len(moved) == 0:
	case !again:
		answered(moved)
	default:
		partitions, topics := make([]partition, 0, len(moved)), make([]string, 0, len(moved))
		for at := range moved {
			partitions, topics = append(partitions, at), append(topics, at.topic)
		}
		c.refreshLeaders(ctx, topics)
		c.listAtLeaders(ctx, spec, partitions, answered, false)
	}
}

// leadersOf sorts partitions by their leader. A leader that fails is left out in the first round, because another one may have taken
// its place by now, and asked in the second where its back-off admits that.
func (c *brokerClient) leadersOf(partitions []partition, first bool) (byLeader map[int32][]partition, without map[partition]offsetState) {
	now := time.Now()
	byLeader, without = map[int32][]partition{}, map[partition]offsetState{}
	refused := map[int32]error{}
	for _, at := range partitions {
		leader := c.routes.leaderOf(at, now)
		if leader.err != nil {
			without[at] = offsetState{err: leader.err}
			continue
		}
		err, decided := refused[leader.broker]
		if !decided {
			err = c.admit(leader.broker, first, now)
			refused[leader.broker] = err
		}
		if err != nil {
			without[at] = offsetState{err: err}
			continue
		}
		byLeader[leader.broker] = append(byLeader[leader.broker], at)
	}
	return byLeader, without
}

var errFailing = errors.New("the broker failed before")

// admit returns why a broker is not to be asked now.
func (c *brokerClient) admit(broker int32, first bool, now time.Time) error {
	if first && c.backoff.fails(broker) {
		return errFailing
	}
	return c.backoff.admit(broker, now)
}

// isMoved reports whether an error says that another broker is to be asked, or leaves that open.
func isMoved(err error) bool {
	if err == nil {
		return false
	}
	for _, code := range []error{
		kerr.NotLeaderForPartition, kerr.LeaderNotAvailable, kerr.FencedLeaderEpoch, kerr.UnknownLeaderEpoch, kerr.UnknownTopicOrPartition,
		kerr.NotCoordinator, kerr.CoordinatorNotAvailable, kerr.ReplicaNotAvailable, kerr.KafkaStorageError,
	} {
		if errors.Is(err, code) {
			return true
		}
	}
	_, lost := errors.AsType[*brokerError](err)
	return lost && kindOf(err) == Unreachable
}

// listAt asks one broker, and answers for every partition.
func (c *brokerClient) listAt(ctx context.Context, broker int32, spec offsetSpec, partitions []partition) map[partition]offsetState {
	states := make(map[partition]offsetState, len(partitions))
	response, err := c.ask(ctx, broker, listRequest(spec, partitions))
	if err != nil {
		for _, at := range partitions {
			states[at] = offsetState{err: err}
		}
		return states
	}
	answer := response.(*kmsg.ListOffsetsResponse) //nolint:forcetypeassert // the request's own response
	for _, topic := range answer.Topics {
		for _, p := range topic.Partitions {
			states[partition{topic.Topic, p.Partition}] = offsetOf(p, spec)
		}
	}
	for _, at := range partitions {
		if _, found := states[at]; !found {
			states[at] = offsetState{err: &brokerError{c.routes.name(broker), errLeftOut}}
		}
	}
	return states
}

var errLeftOut = errors.New("the answer lacks what was asked for")

func listRequest(spec offsetSpec, partitions []partition) *kmsg.ListOffsetsRequest {
	request := kmsg.NewPtrListOffsetsRequest()
	timestamp := int64(latestTimestamp)
	switch spec.kind {
	case logStart:
		timestamp = earliestTimestamp
	case stableEnd:
		request.IsolationLevel = readCommitted
	case byTime:
		timestamp = spec.at
	case logEnd:
	}
	for name, ids := range byTopic(partitions) {
		topic := kmsg.NewListOffsetsRequestTopic()
		topic.Topic = name
		for _, id := range ids {
			wanted := kmsg.NewListOffsetsRequestTopicPartition()
			wanted.Partition, wanted.Timestamp = id, timestamp
			topic.Partitions = append(topic.Partitions, wanted)
		}
		request.Topics = append(request.Topics, topic)
	}
	return request
}

// offsetOf reads one partition's answer: -1 for offset and timestamp where no record is as young as the time that was asked for.
func offsetOf(p kmsg.ListOffsetsResponseTopicPartition, spec offsetSpec) offsetState {
	switch err := kerr.ErrorForCode(p.ErrorCode); {
	case err != nil:
		return offsetState{err: err}
	case p.Offset < 0 && spec.kind == byTime:
		return offsetState{}
	case p.Offset < 0:
		return offsetState{err: kerr.OffsetNotAvailable}
	default:
		return offsetState{offset: p.Offset, found: true, timestamp: time.UnixMilli(p.Timestamp)}
	}
}
