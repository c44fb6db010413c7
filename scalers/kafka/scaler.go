package kafka

import (
	"context"
	"io"
	"log/slog"
	"sync"
	"time"

	"github.com/lagwise/lagwise/scalers"
	"github.com/lagwise/lagwise/scalers/kafka/cluster"
	"github.com/lagwise/lagwise/scalers/lag"
)

// Subscription is what a scaler needs of a cluster.Subscription.
type Subscription interface {
	Views
	Listen() (changed <-chan struct{}, stop func())
	// Arm asks for an observation as soon as a record lands on one of the partitions; Disarm takes that back.
	Arm(partitions []lag.Partition)
	Disarm()
	io.Closer
}

// Views are what a subscription has observed. View waits for the first one and says what is wrong; Glance does neither.
type Views interface {
	View(ctx context.Context) (lag.View, error)
	Glance() (view lag.View, fresh bool)
}

// Subscribe begins to observe; it does no I/O.
type Subscribe func(cluster.Connection, cluster.Want) (Subscription, error)

// New makes the factory of Kafka scalers, whose triggers may use the connections.
func New(subscribe Subscribe, connections *Connections, log *slog.Logger) scalers.Factory {
	return newFactory(subscribe, connections, log, false)
}

// NewInspector is New for scalers whose Detail shows log starts and ages, whatever the trigger's rules need. They decide alike.
func NewInspector(subscribe Subscribe, connections *Connections, log *slog.Logger) scalers.Factory {
	return newFactory(subscribe, connections, log, true)
}

func newFactory(subscribe Subscribe, connections *Connections, log *slog.Logger, shown bool) scalers.Factory {
	read := func(trigger scalers.Trigger) (settings, scalers.Metric, []string, error) {
		s, metric, ignored, err := decode(trigger, connections)
		s.want.Needs.Shown = shown
		return s, metric, ignored, err
	}
	return scalers.NewFactory(read, func(settings settings, metric scalers.Metric) scalers.Scaler {
		s := &Scaler{metric: metric, settings: settings}
		s.held = scalers.NewHold(func() (Subscription, error) { return subscribe(s.settings.connection, s.settings.want) })
		// Begin observing now: KEDA asks for the metric's value right after its spec. A failure is told when it does.
		_, _ = s.held.Get()
		return s
	}, log)
}

// Scaler answers for one Kafka trigger.
type Scaler struct {
	metric   scalers.Metric
	settings settings
	held     *scalers.Hold[Subscription]

	mu sync.Mutex
	// decided is the decision on one observation, nil before the first; questions about the same observation share it.
	decided *answer
}

// answer is what is decided on one observation.
type answer struct {
	scalers.Evaluation
	counted   []lag.Count
	shut      bool
	revisitAt time.Time
}

// holds says whether the answer is still the answer to a view.
func (a *answer) holds(view lag.View) bool {
	return a != nil && a.ObservedAt.Equal(view.Latest.At) && (a.revisitAt.IsZero() || view.Now.Before(a.revisitAt))
}

// Metric is named as KEDA names it, with lagThreshold as its target.
func (s *Scaler) Metric() scalers.Metric { return s.metric }

// Uses says whether the trigger reaches Kafka by the connection of this name; by none when the name is empty.
func (s *Scaler) Uses(connection string) bool {
	if !s.settings.named {
		return connection == ""
	}
	return s.settings.connection.Name == connection
}

// Connection is the name of the connection, or the trigger's own brokers.
func (s *Scaler) Connection() string { return s.settings.connection.Name }

// Evaluate decides on the latest observation.
func (s *Scaler) Evaluate(ctx context.Context) (scalers.Evaluation, error) {
	answer, err := s.evaluate(ctx)
	if err != nil {
		return scalers.Evaluation{}, err
	}
	return answer.Evaluation, nil
}

// Known decides on the latest observation if that is there and not too old.
func (s *Scaler) Known() (evaluation scalers.Evaluation, known bool) {
	subscription, err := s.held.Get()
	if err != nil {
		return scalers.Evaluation{}, false
	}
	view, fresh := subscription.Glance()
	if !fresh {
		return scalers.Evaluation{}, false
	}
	decided, err := s.decide(view)
	if err != nil {
		return scalers.Evaluation{}, false
	}
	return decided.Evaluation, true
}

func (s *Scaler) evaluate(ctx context.Context) (*answer, error) {
	subscription, err := s.held.Get()
	if err != nil {
		return nil, s.explain(err)
	}
	view, err := subscription.View(ctx)
	if err != nil {
		return nil, s.explain(err)
	}
	decided, err := s.decide(view)
	if err != nil {
		return nil, s.explain(err)
	}
	return decided, nil
}

// Watch evaluates at each new observation, and when time alone changes the answer, until the scaler is closed at the latest.
// While the trigger is inactive, a record on a partition that counts brings the next observation at once.
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
	var revisit alarm
	defer revisit.stop()
	for {
		if err := s.look(ctx, subscription, &revisit, seen); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-s.held.Gone():
			return nil
		case <-changed:
		case <-revisit.rings():
		}
	}
}

// look tells of the present evaluation, if there is one. It is not part of Watch because thousands of watches wait at the
// same time, each on a stack as large as Watch needs.
func (s *Scaler) look(ctx context.Context, subscription Subscription, revisit *alarm, seen func(scalers.Evaluation) error) error {
	answer, err := s.evaluate(ctx)
	if err != nil {
		return nil //nolint:nilerr // times in which nothing is known are passed over in silence
	}
	revisit.set(answer.revisitAt)
	wakeable := !answer.Active && !answer.shut
	if wakeable {
		subscription.Arm(partitionsOf(answer.counted))
	}
	if err := seen(answer.Evaluation); err != nil {
		return err
	}
	if !wakeable {
		subscription.Disarm()
	}
	return nil
}

func partitionsOf(counted []lag.Count) []lag.Partition {
	partitions := make([]lag.Partition, len(counted))
	for i, count := range counted {
		partitions[i] = count.Partition
	}
	return partitions
}

// Close ends the observation.
func (s *Scaler) Close() error { return s.held.Close() }

func (s *Scaler) decide(view lag.View) (*answer, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.decided.holds(view) {
		return s.decided, nil
	}
	decision, err := s.settings.policy.Decide(s.settings.judged(view))
	if err != nil {
		return nil, err
	}
	next := &answer{evaluationOf(decision, view.Latest.At), decision.Partitions, decision.Shut, decision.RevisitAt}
	if s.decided == nil || !s.decided.ObservedAt.Equal(view.Latest.At) { // otherwise time alone has changed the answer, and no record
		next.WokenAt = view.Latest.Woken
	}
	s.decided = next
	return next, nil
}

func evaluationOf(decision lag.Decision, at time.Time) scalers.Evaluation {
	reasons := make([]scalers.Reason, len(decision.Reasons))
	for i, reason := range decision.Reasons {
		reasons[i] = scalers.Reason(reason)
	}
	var left float64
	for _, count := range decision.Partitions {
		left += float64(max(0, count.Lag))
	}
	return scalers.Evaluation{
		Value: float64(decision.Value), Active: decision.Active, Left: left, HasLeft: true, ObservedAt: at,
		Stalled: len(decision.Stalled), Reasons: reasons,
	}
}
