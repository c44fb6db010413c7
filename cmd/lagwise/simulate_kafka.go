package main

import (
	"context"
	"log/slog"

	"github.com/lagwise/lagwise/internal/simulate"
	"github.com/lagwise/lagwise/scalers"
	"github.com/lagwise/lagwise/scalers/cron"
	"github.com/lagwise/lagwise/scalers/kafka"
	"github.com/lagwise/lagwise/scalers/kafka/cluster"
	"github.com/lagwise/lagwise/scalers/lag"
)

// simulatedCron has nothing to read but the clock.
func simulatedCron(world *simulate.World) scalers.Factory {
	return cron.NewByClock(world.Now, slog.New(slog.DiscardHandler))
}

// simulatedKafka has triggers read the simulated topic, whatever they say about brokers and credentials.
func simulatedKafka(live bool) simulate.Source {
	return func(world *simulate.World) scalers.Factory {
		topic := world.Topic()
		subscribe := func(_ cluster.Connection, want cluster.Want) (kafka.Subscription, error) {
			return sightings{topic.See(topicIn(want), want.Needs, live)}, nil
		}
		build := kafka.New(subscribe, kafka.AssumedConnections(), slog.New(slog.DiscardHandler))
		return func(trigger scalers.Trigger) scalers.Scaler { return build(assumeConnection(trigger, nil)) }
	}
}

// topicIn is a name for the topic that is played.
func topicIn(want cluster.Want) string {
	if len(want.Topics) > 0 {
		return want.Topics[0]
	}
	return "topic"
}

// sightings are a subscription to a simulated topic. Whoever plays it asks again when something has changed.
type sightings struct{ *simulate.Sight }

func (s sightings) View(context.Context) (lag.View, error)         { return s.Sight.View(), nil }
func (s sightings) Glance() (view lag.View, fresh bool)            { return s.Sight.View(), true }
func (s sightings) Listen() (changed <-chan struct{}, stop func()) { return nil, func() {} }
func (s sightings) Arm([]lag.Partition)                            {}
func (s sightings) Disarm()                                        {}
func (s sightings) Close() error                                   { return nil }
