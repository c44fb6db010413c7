package newrelic

import (
	"context"
	"io"
	"log/slog"
	"sync"

	"github.com/lagwise/lagwise/scalers"
	"github.com/lagwise/lagwise/scalers/newrelic/nerdgraph"
)

// Connections are the named connections to New Relic that triggers may use.
type Connections = scalers.Connections[nerdgraph.Connection]

// Subscription is what a scaler needs of a nerdgraph.Subscription.
type Subscription interface {
	// Answer waits for the first answer, and says what is wrong; Glance does neither.
	Answer(ctx context.Context) (nerdgraph.Answer, error)
	Glance() (answer nerdgraph.Answer, fresh bool)
	Listen() (changed <-chan struct{}, stop func())
	io.Closer
}

// Subscribe has a query asked from now on; it does no I/O.
type Subscribe func(nerdgraph.Connection, nerdgraph.Want) Subscription

// New makes the factory of New Relic scalers, whose triggers may use the connections.
func New(subscribe Subscribe, connections *Connections, log *slog.Logger) scalers.Factory {
	read := func(trigger scalers.Trigger) (settings, scalers.Metric, []string, error) {
		return decode(trigger, connections)
	}
	return scalers.NewFactory(read, func(settings settings, metric scalers.Metric) scalers.Scaler {
		return &Scaler{
			metric: metric, settings: settings, subscribed: subscribe(settings.connection, settings.want), gone: make(chan struct{}),
		}
	}, log)
}

// Scaler answers for one New Relic trigger.
type Scaler struct {
	metric     scalers.Metric
	settings   settings
	subscribed Subscription
	// gone is closed with the scaler, and ends its watches.
	gone  chan struct{}
	close sync.Once
}

// Metric is named as KEDA names it, with threshold as its target.
func (s *Scaler) Metric() scalers.Metric { return s.metric }

// Uses says whether the trigger reaches New Relic by the connection of this name.
func (s *Scaler) Uses(connection string) bool { return s.settings.connection.Name == connection }

// Connection is the name of the connection, or of the trigger's own TriggerAuthentication.
func (s *Scaler) Connection() string { return s.settings.connection.Name }

// Evaluate decides on the latest answer.
func (s *Scaler) Evaluate(ctx context.Context) (scalers.Evaluation, error) {
	answer, err := s.subscribed.Answer(ctx)
	if err != nil {
		return scalers.Evaluation{}, err
	}
	return s.settings.rules.decide(answer)
}

// Known decides on the latest answer if that is there and not too old.
func (s *Scaler) Known() (evaluation scalers.Evaluation, known bool) {
	answer, fresh := s.subscribed.Glance()
	if !fresh {
		return scalers.Evaluation{}, false
	}
	evaluation, err := s.settings.rules.decide(answer)
	return evaluation, err == nil
}

// Watch tells of each answer as it comes: streams wait for it, and ask New Relic nothing.
func (s *Scaler) Watch(ctx context.Context, seen func(scalers.Evaluation) error) error {
	changed, stop := s.subscribed.Listen()
	defer stop()
	for {
		if evaluation, known := s.Known(); known { // times in which nothing is known are passed over in silence
			if err := seen(evaluation); err != nil {
				return err
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-s.gone:
			return nil
		case <-changed:
		}
	}
}

// Close ends the trigger's part in its query.
func (s *Scaler) Close() error {
	s.close.Do(func() { close(s.gone) })
	return s.subscribed.Close() //nolint:wrapcheck // the registry says what it was closing
}
