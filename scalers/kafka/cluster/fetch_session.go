package cluster

import (
	"math"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// newestFetch is the last version of Fetch that names topics; later ones know their ids alone.
const newestFetch = 12

// fetchSession is what one broker remembers of the partitions that are fetched from it (KIP-227): a request names what changed
// since the one before, and an answer the partitions whose logs have moved. So waiting for thousands of quiet partitions costs
// as much as waiting for one. Brokers that keep no session (before Kafka 1.1) are named every partition each time.
type fetchSession struct {
	id, epoch int32
	// sent are the partitions that the broker knows, and the offset from which each is fetched.
	sent map[partition]int64
}

// fetchSize bounds a fetch. A broker sends the first batch of one partition anyway, however large that is.
type fetchSize struct {
	// wait is how long the broker holds a request until a log has grown.
	wait time.Duration
	// bytes are those of an answer, ofPartition those of one partition in it.
	bytes, ofPartition int32
}

// next is the request that brings the session to what is wanted.
func (s *fetchSession) next(wanted map[partition]int64, size fetchSize, isolation int8) *kmsg.FetchRequest {
	request := kmsg.NewPtrFetchRequest()
	request.MaxWaitMillis, request.MinBytes, request.MaxBytes = int32(size.wait.Milliseconds()), 1, size.bytes //nolint:gosec // some seconds
	request.IsolationLevel = isolation
	request.SessionID, request.SessionEpoch = s.id, s.epoch
	added, forgotten := s.change(wanted)
	for name, ids := range byTopic(added) {
		topic := kmsg.NewFetchRequestTopic()
		topic.Topic = name
		for _, id := range ids {
			fetched := kmsg.NewFetchRequestTopicPartition()
			fetched.Partition, fetched.FetchOffset, fetched.PartitionMaxBytes = id, wanted[partition{name, id}], size.ofPartition
			topic.Partitions = append(topic.Partitions, fetched)
		}
		request.Topics = append(request.Topics, topic)
	}
	for name, ids := range byTopic(forgotten) {
		topic := kmsg.NewFetchRequestForgottenTopic()
		topic.Topic, topic.Partitions = name, ids
		request.ForgottenTopics = append(request.ForgottenTopics, topic)
	}
	return request
}

// change lists what the broker does not know yet, or at another offset, and what it is to forget, and notes both as sent.
func (s *fetchSession) change(wanted map[partition]int64) (added, forgotten []partition) {
	for at, from := range wanted {
		if sent, is := s.sent[at]; !is || sent != from {
			added = append(added, at)
			s.sent[at] = from
		}
	}
	for at := range s.sent {
		if _, is := wanted[at]; !is {
			forgotten = append(forgotten, at)
			delete(s.sent, at)
		}
	}
	return added, forgotten
}

// logState is where a partition's log ends for this fetch: at the last stable offset where committed records are read.
type logState struct {
	at  partition
	end int64
	err error
	// records are those that the broker sent, undecoded.
	records *kmsg.FetchResponseTopicPartition
}

// take reads an answer. The error says that the broker has lost the session, or refuses the whole request; the next request then
// begins a new one.
func (s *fetchSession) take(response *kmsg.FetchResponse, isolation int8) ([]logState, error) {
	if err := kerr.ErrorForCode(response.ErrorCode); err != nil {
		s.startOver()
		return nil, err //nolint:wrapcheck // Kafka's own code, which the caller looks for
	}
	var states []logState
	for _, topic := range response.Topics {
		for i := range topic.Partitions {
			p := &topic.Partitions[i]
			state := logState{at: partition{topic.Topic, p.Partition}, end: p.HighWatermark, err: kerr.ErrorForCode(p.ErrorCode), records: p}
			if isolation == readCommitted && p.LastStableOffset >= 0 {
				state.end = p.LastStableOffset
			}
			states = append(states, state)
		}
	}
	if response.SessionID == 0 {
		s.startOver()
		return states, nil
	}
	s.id = response.SessionID
	if s.epoch++; s.epoch == math.MaxInt32 {
		s.epoch = 1
	}
	return states, nil
}

func (s *fetchSession) startOver() { *s = newFetchSession() }

func newFetchSession() fetchSession { return fetchSession{sent: map[partition]int64{}} }
