package rabbitmq

import (
	"fmt"

	"github.com/lagwise/lagwise/scalers"
	"github.com/lagwise/lagwise/scalers/rabbitmq/broker"
)

// The modes of KEDA.
const (
	queueLength             = "QueueLength"
	messageRate             = "MessageRate"
	deliverGetRate          = "DeliverGetRate"
	publishedToDelivered    = "PublishedToDeliveredRatio"
	expectedConsumptionTime = "ExpectedQueueConsumptionTime"

	defaultTarget = 20
)

func modes() []string {
	return []string{queueLength, messageRate, deliverGetRate, publishedToDelivered, expectedConsumptionTime}
}

// rules are how a trigger makes an answer of what was observed. They are pure: no clock, no state.
type rules struct {
	mode       string
	activation float64
	operation  string
	// readyOnly leaves out unacknowledged messages.
	readyOnly bool
	pattern   bool
}

// counted is one queue, or several of them as one.
type counted struct {
	messages         int64
	publish, deliver float64
}

// decide answers as KEDA does (rabbitmq_scaler.go, GetMetricsAndActivity), but that a value below zero is 0: while a queue shrinks
// KEDA's expected consumption time can be -0.9, of which its HPA makes no other number of replicas.
func (r rules) decide(seen broker.Observation) scalers.Evaluation {
	all := r.compose(seen)
	messages := float64(all.messages)
	e := scalers.Evaluation{Left: messages, HasLeft: true, ObservedAt: seen.At, WokenAt: seen.Woken}
	var why string
	switch r.mode {
	case messageRate:
		e.Value, e.Active = all.publish, all.publish > r.activation || messages > r.activation
		why = fmt.Sprintf("%g messages per second are published", all.publish)
	case deliverGetRate:
		e.Value, e.Active = all.deliver, all.deliver > r.activation
		why = fmt.Sprintf("%g messages per second are delivered", all.deliver)
	case publishedToDelivered:
		e.Value, e.Active, why = r.ratio(all)
	case expectedConsumptionTime:
		e.Value, e.Active, why = r.consumption(all)
	default:
		e.Value, e.Active = messages, messages > r.activation
		why = fmt.Sprintf("%d messages", all.messages)
	}
	e.Value = max(0, e.Value)
	if r.mode == queueLength {
		e.Reasons = r.reason(e.Reasons, "count", "", fmt.Sprintf("%s: %s", why, r.whatCounts(seen)))
	} else {
		e.Reasons = r.reason(e.Reasons, "count", keyMode, fmt.Sprintf("%s; %d messages: %s", why, all.messages, r.whatCounts(seen)))
	}
	if r.pattern {
		e.Reasons = r.reason(e.Reasons, "select", keyUseRegex, fmt.Sprintf("%s of %d queues", r.operation, len(seen.Queues)))
	}
	if streams := streamsOf(seen); len(streams) > 0 {
		e.Reasons = r.reason(e.Reasons, "stream", "", fmt.Sprintf(
			"warning: %s is a stream, which keeps its messages after they were consumed: all of them count until the stream's retention deletes them",
			scalers.Quote(streams[0])))
	}
	verb := "not above"
	if e.Active {
		verb = "above"
	}
	e.Reasons = r.reason(e.Reasons, "activate", keyActivation, fmt.Sprintf("%s %g", verb, r.activation))
	return e
}

func (rules) reason(reasons []scalers.Reason, rule, key, text string) []scalers.Reason {
	return append(reasons, scalers.Reason{Rule: rule, Key: key, Text: text})
}

func streamsOf(seen broker.Observation) (names []string) {
	for _, queue := range seen.Queues {
		if queue.Stream {
			names = append(names, queue.Name)
		}
	}
	return names
}

func (r rules) whatCounts(seen broker.Observation) string {
	if r.readyOnly || !seen.Managed {
		return "ready alone"
	}
	return "ready and unacknowledged"
}

func (r rules) ratio(all counted) (value float64, active bool, why string) {
	switch {
	case all.publish > 0 && all.deliver == 0:
		return r.activation, true, "messages are published, and none is delivered"
	case all.publish > 0 && all.deliver > 0:
		value = all.publish / all.deliver
	}
	return value, value > r.activation, fmt.Sprintf("%g messages are published for each that is delivered", value)
}

func (r rules) consumption(all counted) (value float64, active bool, why string) {
	switch {
	case all.messages == 0:
		return 0, 0 > r.activation, "nothing waits"
	case all.deliver == 0:
		return r.activation, true, "messages wait, and none is delivered"
	}
	value = (all.publish-all.deliver)/all.deliver + float64(all.messages)/all.deliver
	return value, value > r.activation, fmt.Sprintf("the queue is consumed in %g s", value)
}

// compose makes one queue of several (KEDA: rabbitmq_scaler.go, getComposedQueue). Averages of messages are cut to whole ones.
func (r rules) compose(seen broker.Observation) counted {
	var sum, most counted
	for _, queue := range seen.Queues {
		messages := r.messagesOf(queue, seen.Managed)
		sum.messages += messages
		sum.publish += queue.PublishRate
		sum.deliver += queue.DeliverRate
		most.messages = max(most.messages, messages)
		most.publish, most.deliver = max(most.publish, queue.PublishRate), max(most.deliver, queue.DeliverRate)
	}
	n := int64(len(seen.Queues))
	switch {
	case r.pattern && r.operation == operationMax:
		return most
	case r.pattern && r.operation == operationAvg && n > 0:
		return counted{sum.messages / n, sum.publish / float64(n), sum.deliver / float64(n)}
	default:
		return sum
	}
}

// messagesOf: AMQP tells of ready messages alone.
func (r rules) messagesOf(queue broker.Queue, managed bool) int64 {
	if r.readyOnly || !managed {
		return queue.Ready
	}
	return queue.Total
}
