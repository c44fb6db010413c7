package main

import (
	"context"
	"log/slog"
	"net/url"

	"github.com/lagwise/lagwise/internal/simulate"
	"github.com/lagwise/lagwise/scalers"
	"github.com/lagwise/lagwise/scalers/rabbitmq"
	"github.com/lagwise/lagwise/scalers/rabbitmq/broker"
)

// simulatedRabbitMQ has triggers read the simulated queue: by AMQP as it is now, by HTTP as its broker's statistics have it.
func simulatedRabbitMQ(live bool) simulate.Source {
	return func(world *simulate.World) scalers.Factory {
		queue := world.Queue()
		subscribe := func(_, _ string, endpoint broker.Endpoint, want broker.Want) (rabbitmq.Subscription, error) {
			observe := func() broker.Observation {
				figures := queue.Figures()
				managed := endpoint.Protocol == broker.HTTP
				if managed {
					figures = queue.Told()
				}
				return broker.Observation{At: world.Now(), Managed: managed, Queues: []broker.Queue{{
					Name: want.Queue, Ready: figures.Ready, Unacknowledged: figures.Unacknowledged, Total: figures.Ready + figures.Unacknowledged,
					Consumers: figures.Consumers, PublishRate: figures.PublishRate, DeliverRate: figures.DeliverRate,
				}}}
			}
			return queueSeen{simulate.Watch(world, simulate.Looks{Live: live, Urgent: true}, observe)}, nil
		}
		build := rabbitmq.New(subscribe, rabbitmq.AssumedConnections(), slog.New(slog.DiscardHandler))
		if !live {
			return build
		}
		return func(trigger scalers.Trigger) scalers.Scaler { return build(withoutLogin(trigger)) }
	}
}

// withoutLogin lets KEDA's own trigger keep its host, which says the protocol, but no password, which lagwise does not take there. The
// host of a TriggerAuthentication is assumed.
func withoutLogin(trigger scalers.Trigger) scalers.Trigger {
	host, _ := url.Parse(trigger.Metadata["host"])
	written := trigger.Metadata
	trigger = assumeConnection(trigger, rabbitmq.Keys())
	if written["host"] != "" || written["hostFromEnv"] != "" {
		delete(trigger.Metadata, "connection")
	}
	if host != nil && host.User != nil {
		host.User = nil
		trigger.Metadata["host"] = host.String()
	}
	return trigger
}

// queueSeen is a subscription to a simulated queue. Whoever plays it asks again when something has changed.
type queueSeen struct {
	*simulate.Seen[broker.Observation]
}

func (s queueSeen) View(context.Context) (broker.Observation, error)     { return s.Latest(), nil }
func (s queueSeen) Glance() (observation broker.Observation, fresh bool) { return s.Latest(), true }
func (s queueSeen) Listen() (changed <-chan struct{}, stop func())       { return nil, func() {} }
func (s queueSeen) Arm()                                                 {}
func (s queueSeen) Disarm()                                              {}
func (s queueSeen) Close() error                                         { return nil }
