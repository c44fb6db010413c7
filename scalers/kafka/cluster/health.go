package cluster

import (
	"errors"
	"time"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"
)

// health is what a session knows about its cluster as a whole. A request that finds no broker only times out; why is
// told by an error that librdkafka reports on its own, before or after. Here the two are put together.
type health struct {
	// fault is why the cluster does not answer; nil while it does, and before the first attempt.
	fault *Fault
	// answered says whether the latest attempt had an answer.
	answered bool
	// reported is the most telling error of late, and when it came.
	reported   error
	reportedAt time.Time
}

// reportLife is how long a reported error explains later time-outs. librdkafka repeats it at each reconnection attempt,
// at most lastReconnect apart.
const reportLife = 30 * time.Second

// report notes an error that came unasked. It returns a fault when the cluster is to be taken for failing because of it.
func (h *health) report(err error, connection string, now time.Time) *Fault {
	// librdkafka asks about the session's own group, which nobody uses: that it is denied explains no time-out.
	if kindOf(err) == Denied {
		return nil
	}
	allDown := hasCode(err, kafka.ErrAllBrokersDown)
	// "All brokers down" follows errors that say why, and must not replace them.
	if !allDown || h.reported == nil || now.Sub(h.reportedAt) > reportLife {
		h.reported, h.reportedAt = err, now
	}
	if h.answered {
		return nil
	}
	if !allDown && kindOf(err) != BadCredentials {
		return nil
	}
	h.fault = faultOf("connection "+connection, h.reported)
	return h.fault
}

// explain gives a time-out the reason that was reported, if there was one of late.
func (h *health) explain(fault *Fault, now time.Time) *Fault {
	if fault == nil || fault.Kind != TimedOut || h.reported == nil || now.Sub(h.reportedAt) > reportLife {
		return fault
	}
	return faultOf(fault.About, h.reported)
}

// after notes how an attempt ended and returns its fault, explained by what was reported. What was reported stays of use
// until everything that was asked for is answered again.
func (h *health) after(fault *Fault, everythingAnswered bool, now time.Time) *Fault {
	h.answered = fault == nil
	h.fault = h.explain(fault, now)
	if everythingAnswered {
		h.reported = nil
	}
	return h.fault
}

func hasCode(err error, code kafka.ErrorCode) bool {
	kafkaErr, ok := errors.AsType[kafka.Error](err)
	return ok && kafkaErr.Code() == code
}
