package main

import (
	"context"
	"log/slog"

	"github.com/lagwise/lagwise/internal/simulate"
	"github.com/lagwise/lagwise/scalers"
	"github.com/lagwise/lagwise/scalers/newrelic"
	"github.com/lagwise/lagwise/scalers/newrelic/nerdgraph"
)

// simulatedNewRelic has every query answer the number that tells of the load.
func simulatedNewRelic(live bool) simulate.Source {
	return func(world *simulate.World) scalers.Factory {
		subscribe := func(nerdgraph.Connection, nerdgraph.Want) newrelic.Subscription {
			return answersSeen{simulate.Watch(world, simulate.Looks{Live: live, Every: world.AskedEvery()}, func() nerdgraph.Answer {
				return nerdgraph.Answer{At: world.Now(), Rows: 1, First: map[string]any{"number": world.Number()}}
			})}
		}
		build := newrelic.New(subscribe, scalers.AssumedConnections[nerdgraph.Connection](), slog.New(slog.DiscardHandler))
		if !live {
			return build
		}
		return func(trigger scalers.Trigger) scalers.Scaler { return build(assumeConnection(trigger, newrelic.Keys())) }
	}
}

// answersSeen is a subscription to simulated answers. Whoever plays it asks again when something has changed.
type answersSeen struct {
	*simulate.Seen[nerdgraph.Answer]
}

func (s answersSeen) Answer(context.Context) (nerdgraph.Answer, error) { return s.Latest(), nil }
func (s answersSeen) Glance() (answer nerdgraph.Answer, fresh bool)    { return s.Latest(), true }
func (s answersSeen) Listen() (changed <-chan struct{}, stop func())   { return nil, func() {} }
func (s answersSeen) Close() error                                     { return nil }
