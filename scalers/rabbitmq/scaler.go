package rabbitmq

import (
	"context"
	"io"
	"log/slog"

	"github.com/lagwise/lagwise/scalers"
	"github.com/lagwise/lagwise/scalers/rabbitmq/broker"
)

// Subscription is what a scaler needs of a broker.Subscription.
type Subscription interface {
	Views
	Listen() (changed <-chan struct{}, stop func())
	// Arm asks to hear of a change at once; Disarm takes that back.
	Arm()
	Disarm()
	io.Closer
}

// Views are what a subscription has observed. View waits for the first one and says what is wrong; Glance does neither.
type Views interface {
	View(ctx context.Context) (broker.Observation, error)
	Glance() (observation broker.Observation, fresh bool)
}

// Subscribe begins to observe; it does no I/O. The name is what the endpoint is called in the log.
type Subscribe func(name, namespace string, endpoint broker.Endpoint, want broker.Want) (Subscription, error)

// New makes the factory of RabbitMQ scalers.
func New(subscribe Subscribe, connections *Connections, log *slog.Logger) scalers.Factory {
	read := func(trigger scalers.Trigger) (settings, scalers.Metric, []string, error) {
		return decode(trigger, connections)
	}
	return scalers.NewFactory(read, func(settings settings, metric scalers.Metric) scalers.Scaler {
		s := &Scaler{metric: metric, settings: settings}
		s.held = scalers.NewHold(func() (Subscription, error) {
			return subscribe(s.settings.name, s.settings.namespace, s.settings.endpoint, s.settings.want)
		})
		// Begin observing now: KEDA asks for the metric's value right after its spec. A failure is told when it does.
		_, _ = s.held.Get()
		return s
	}, log)
}

// Scaler answers for one RabbitMQ trigger.
type Scaler struct {
	metric   scalers.Metric
	settings settings
	held     *scalers.Hold[Subscription]
}

// Metric is named as KEDA names it.
func (s *Scaler) Metric() scalers.Metric { return s.metric }

// Uses says whether the trigger reaches its broker by the connection of this name; by none when the name is empty.
func (s *Scaler) Uses(connection string) bool {
	if !s.settings.named {
		return connection == ""
	}
	return s.settings.name == connection
}

// Connection is the name of the connection, or the trigger's own host.
func (s *Scaler) Connection() string { return s.settings.name }

// Evaluate decides on the latest observation.
func (s *Scaler) Evaluate(ctx context.Context) (scalers.Evaluation, error) {
	seen, err := s.view(ctx)
	if err != nil {
		return scalers.Evaluation{}, s.explain(err)
	}
	return s.settings.rules.decide(seen), nil
}

// Known decides on the latest observation if that is there and not too old.
func (s *Scaler) Known() (evaluation scalers.Evaluation, known bool) {
	subscription, err := s.held.Get()
	if err != nil {
		return scalers.Evaluation{}, false
	}
	seen, fresh := subscription.Glance()
	if !fresh {
		return scalers.Evaluation{}, false
	}
	return s.settings.rules.decide(seen), true
}

// Detail decides on the latest observation once more, and shows every queue that counts.
func (s *Scaler) Detail(ctx context.Context) (scalers.Detail, error) {
	seen, err := s.view(ctx)
	if err != nil {
		return scalers.Detail{}, s.explain(err)
	}
	return scalers.Detail{Evaluation: s.settings.rules.decide(seen), Parts: s.settings.rules.partsOf(seen)}, nil
}

func (s *Scaler) view(ctx context.Context) (broker.Observation, error) {
	subscription, err := s.held.Get()
	if err != nil {
		return broker.Observation{}, err
	}
	return subscription.View(ctx)
}

// Watch evaluates at each new observation, until the scaler is closed at the latest. While the trigger is inactive, the broker is
// looked at all the time.
func (s *Scaler) Watch(ctx context.Context, seen func(scalers.Evaluation) error) error {
	subscription, err := s.held.Get()
	if err != nil {
		return s.explain(err)
	}
	changed, stop := subscription.Listen()
	defer stop()
	s.held.Watching(1)
	defer func() {
		if s.held.Watching(-1) == 0 {
			subscription.Disarm()
		}
	}()
	for {
		if err := s.tell(ctx, subscription, seen); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-s.held.Gone():
			return nil
		case <-changed:
		}
	}
}

// tell tells of the present evaluation, if there is one.
func (s *Scaler) tell(ctx context.Context, subscription Subscription, seen func(scalers.Evaluation) error) error {
	evaluation, err := s.Evaluate(ctx)
	if err != nil {
		return nil //nolint:nilerr // times in which nothing is known are passed over in silence
	}
	if !evaluation.Active {
		subscription.Arm()
	}
	if err := seen(evaluation); err != nil {
		return err
	}
	if evaluation.Active {
		subscription.Disarm()
	}
	return nil
}

// Close ends the observation.
func (s *Scaler) Close() error { return s.held.Close() }
