package cluster

import (
	"testing"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"
)

func TestAnOffsetThatNobodyToldIsNoOffset(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		info kafka.ListOffsetsResultInfo
		want Kind
	}{
		"the leader died":         {kafka.ListOffsetsResultInfo{Offset: kafka.OffsetInvalid}, Unreachable},
		"the leader knows none":   {kafka.ListOffsetsResultInfo{Offset: -1}, Unreachable},
		"the leader moved":        {kafka.ListOffsetsResultInfo{Offset: kafka.OffsetInvalid, Error: kafka.NewError(kafka.ErrNotLeaderForPartition, "", false)}, Unreachable},
		"it may not be described": {kafka.ListOffsetsResultInfo{Error: kafka.NewError(kafka.ErrTopicAuthorizationFailed, "", false)}, Denied},
	} {
		state := offsetOf(test.info)
		if state.err == nil || kindOf(state.err) != test.want {
			t.Errorf("%s: %+v, want an error of kind %d", name, state, test.want)
		}
	}
	if state := firstOf(kafka.ListOffsetsResultInfo{Offset: -1, Timestamp: -1}); state.err != nil || state.found {
		t.Errorf("no record from an instant on: %+v", state)
	}
	if state := firstOf(kafka.ListOffsetsResultInfo{Offset: kafka.OffsetInvalid}); state.err == nil || state.found {
		t.Errorf("nobody told of one: %+v", state)
	}
	if state := offsetOf(kafka.ListOffsetsResultInfo{Offset: 0}); state.err != nil || state.offset != 0 {
		t.Errorf("an empty log: %+v", state)
	}
}

// What Kafka says of a partition that has just got a new leader, or whose leader has lost its disk, is gone once another leads.
func TestALeaderThatCannotAnswerYetIsUnreachable(t *testing.T) {
	t.Parallel()
	for _, code := range []kafka.ErrorCode{kafka.ErrOffsetNotAvailable, kafka.ErrKafkaStorageError, kafka.ErrNetworkException, kafka.ErrListenerNotFound} {
		if fault := faultOf("orders", kafka.NewError(code, "", false)); fault.Kind != Unreachable || !fault.passes() {
			t.Errorf("%v is %s", code, fault.Kind)
		}
	}
}
