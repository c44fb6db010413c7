package rabbitmq

import (
	"slices"
	"strings"
	"testing"

	"github.com/lagwise/lagwise/scalers"
	"github.com/lagwise/lagwise/scalers/rabbitmq/broker"
)

func TestDecide(t *testing.T) {
	t.Parallel()
	one := broker.Queue{Name: "a", Ready: 3, Unacknowledged: 2, Total: 5, PublishRate: 4, DeliverRate: 2}
	two := broker.Queue{Name: "b", Ready: 10, Total: 10, PublishRate: 1}
	for name, test := range map[string]struct {
		rules  rules
		queues []broker.Queue
		byAMQP bool
		value  float64
		active bool
	}{
		"length":                  {rules{mode: queueLength}, []broker.Queue{one}, false, 5, true},
		"length by AMQP":          {rules{mode: queueLength}, []broker.Queue{one}, true, 3, true},
		"ready":                   {rules{mode: queueLength, readyOnly: true}, []broker.Queue{one}, false, 3, true},
		"not above":               {rules{mode: queueLength, activation: 5}, []broker.Queue{one}, false, 5, false},
		"published":               {rules{mode: messageRate, activation: 4}, []broker.Queue{one}, false, 4, true}, // by its messages
		"published, few messages": {rules{mode: messageRate, activation: 5}, []broker.Queue{one}, false, 4, false},
		"delivered":               {rules{mode: deliverGetRate, activation: 1}, []broker.Queue{one}, false, 2, true},
		"ratio":                   {rules{mode: publishedToDelivered, activation: 2}, []broker.Queue{one}, false, 2, false},
		"ratio, none delivered":   {rules{mode: publishedToDelivered, activation: 7}, []broker.Queue{two}, false, 7, true},
		"time":                    {rules{mode: expectedConsumptionTime, activation: 3}, []broker.Queue{one}, false, 3.5, true},
		"time, none delivered":    {rules{mode: expectedConsumptionTime, activation: 7}, []broker.Queue{two}, false, 7, true},
		"time, below zero":        {rules{mode: expectedConsumptionTime}, []broker.Queue{{Total: 1, DeliverRate: 10}}, false, 0, false},
		"time, nothing waits":     {rules{mode: expectedConsumptionTime, activation: -1}, []broker.Queue{{DeliverRate: 10}}, false, 0, true},
		"sum":                     {rules{mode: queueLength, pattern: true, operation: operationSum}, []broker.Queue{one, two}, false, 15, true},
		"avg":                     {rules{mode: queueLength, pattern: true, operation: operationAvg}, []broker.Queue{one, two}, false, 7, true},
		"avg of rates":            {rules{mode: messageRate, pattern: true, operation: operationAvg}, []broker.Queue{one, two}, false, 2.5, true},
		"max":                     {rules{mode: queueLength, pattern: true, operation: operationMax}, []broker.Queue{one, two}, false, 10, true},
		"no queue":                {rules{mode: queueLength, pattern: true, operation: operationAvg}, nil, false, 0, false},
	} {
		got := test.rules.decide(broker.Observation{Queues: test.queues, Managed: !test.byAMQP})
		if got.Value != test.value || got.Active != test.active || len(got.Reasons) == 0 {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

// A stream keeps its messages after they were consumed, and so does its number.
func TestAStreamIsNamed(t *testing.T) {
	t.Parallel()
	seen := broker.Observation{Managed: true, Queues: []broker.Queue{{Name: "log", Ready: 12, Total: 12, Stream: true}, {Name: "orders", Ready: 1, Total: 1}}}
	got := rules{mode: queueLength}.decide(seen)
	named := slices.ContainsFunc(got.Reasons, func(reason scalers.Reason) bool { return strings.HasPrefix(reason.Text, `warning: "log" is a stream`) })
	if got.Value != 13 || !named {
		t.Errorf("%+v", got)
	}
	seen.Queues = seen.Queues[1:]
	if got := (rules{mode: queueLength}).decide(seen); slices.ContainsFunc(got.Reasons, func(reason scalers.Reason) bool { return reason.Rule == "stream" }) {
		t.Errorf("a queue is a stream: %+v", got)
	}
}
