package rabbitmq

import (
	"fmt"

	"github.com/lagwise/lagwise/scalers"
	"github.com/lagwise/lagwise/scalers/rabbitmq/broker"
)

// Units of this source.
const (
	unitMessages  scalers.Unit = "messages"
	unitConsumers scalers.Unit = "consumers"
	unitPerSecond scalers.Unit = "messages per second"
)

// partsOf shows every queue with all that the broker told. What was consumed of a queue is not known: a queue does not keep it.
func (r rules) partsOf(seen broker.Observation) []scalers.Part {
	parts := make([]scalers.Part, len(seen.Queues))
	for i, queue := range seen.Queues {
		parts[i] = r.partOf(queue, seen.Managed)
	}
	return parts
}

func (r rules) partOf(queue broker.Queue, managed bool) scalers.Part {
	part := scalers.Part{
		Name: queue.Name, Left: float64(max(0, r.messagesOf(queue, managed))),
		Figures: []scalers.Figure{
			figure("ready messages", float64(queue.Ready), unitMessages, true),
			figure("unacknowledged messages", float64(queue.Unacknowledged), unitMessages, managed),
			figure("consumers", float64(queue.Consumers), unitConsumers, true),
			figure("published", queue.PublishRate, unitPerSecond, managed),
			figure("delivered", queue.DeliverRate, unitPerSecond, managed),
		},
	}
	switch {
	case queue.Stream:
		part.Note = "a stream: messages count after they were consumed, too"
	case queue.Consumers == 0 && queue.Ready > 0:
		part.Note = fmt.Sprintf("%d messages wait, and nobody consumes", queue.Ready)
	}
	return part
}

// figure leaves out what is not known.
func figure(name string, value float64, unit scalers.Unit, known bool) scalers.Figure {
	if !known {
		return scalers.Figure{Name: name, Unit: unit}
	}
	return scalers.Figure{Name: name, Value: value, Unit: unit, Known: true}
}
