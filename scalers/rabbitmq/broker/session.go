package broker

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/lagwise/lagwise/scalers/news"
	"github.com/lagwise/lagwise/scalers/pace"
	"github.com/lagwise/lagwise/scalers/rotation"
	"github.com/lagwise/lagwise/scalers/sessions"
)

// session observes one endpoint for everybody who subscribed to it.
type session struct {
	name string
	// namespace is whose share of the sessions this one takes; empty for a configured connection's.
	namespace string
	endpoint  Endpoint
	options   Options
	log       *slog.Logger
	open      func(Endpoint) source
	source    source
	tempo     tempo
	tally     *sessions.Tally
	// abandoned is closed when the last subscription left.
	abandoned chan struct{}
	// arrived, armed, failed and overdue wake the loops that first look at newcomers, watch, retry, and ask apart.
	arrived, armed, failed, overdue chan struct{}
	// rotation has the credentials that are to be used from now on.
	rotation rotation.Rotation[Endpoint]

	mu       sync.Mutex
	subjects map[Want]*subject
	// newcomers are the subjects that nobody has looked at yet.
	newcomers map[*subject]struct{}
	// fault is why the broker does not answer; nil while it does, and before it was first asked.
	fault *Fault
	// askingApart counts the subjects that are asked apart at present, by a source with the present credentials unless that is old.
	askingApart int
	asideIsOld  bool
	present     Endpoint
	// cycle is the turn of refresh.
	cycle pace.Cycle
}

func newSession(name string, endpoint Endpoint, options Options, open func(Endpoint) source) *session {
	s := &session{
		name: name, endpoint: endpoint, options: options, open: open, source: open(endpoint), present: endpoint, tempo: tempoOf(endpoint.Protocol, options.LooksPerSecond),
		cycle:     pace.Cycle{Interval: options.RefreshInterval, Age: options.MaxSnapshotAge},
		log:       options.Log.With("connection", name, "protocol", string(endpoint.Protocol)),
		abandoned: make(chan struct{}), rotation: rotation.New[Endpoint](),
		arrived: make(chan struct{}, 1), armed: make(chan struct{}, 1), failed: make(chan struct{}, 1), overdue: make(chan struct{}, 1),
		subjects: map[Want]*subject{}, newcomers: map[*subject]struct{}{},
	}
	s.tally = sessions.NewTally(s.asked())
	return s
}

// join gives the subject of what is wanted, shared with everybody who wants the same.
func (s *session) join(want Want) *subject {
	s.mu.Lock()
	defer s.mu.Unlock()
	one, found := s.subjects[want]
	if !found {
		one = newSubject(want)
		s.subjects[want] = one
		s.newcomers[one] = struct{}{}
		news.Signal(s.arrived)
	}
	one.users++
	return one
}

// leave forgets a subject that nobody uses any more, and counts those left.
func (s *session) leave(one *subject) (left int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if one.users--; one.users == 0 {
		delete(s.subjects, one.want)
		delete(s.newcomers, one)
	}
	return len(s.subjects)
}

// together are the subjects that are observed in one pass: all but those that are asked apart. While the broker fails and there are no others
// these find out whether it answers again.
func (s *session) together() []*subject {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := slices.Collect(maps.Values(s.subjects))
	if one := slices.IndexFunc(all, func(one *subject) bool { return one.apart == nil }); one < 0 && s.fault != nil {
		return all
	}
	return slices.DeleteFunc(all, func(one *subject) bool { return one.apart != nil })
}

func (s *session) takeNewcomers() []*subject {
	s.mu.Lock()
	defer s.mu.Unlock()
	taken := slices.Collect(maps.Keys(s.newcomers))
	clear(s.newcomers)
	return taken
}

// trouble is the broker's present fault, if it has one.
func (s *session) trouble() *Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.fault
}

// setTrouble notes whether the broker answers.
func (s *session) setTrouble(fault *Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case fault != nil && s.fault == nil:
		news.Signal(s.failed)
	case fault == nil && s.fault != nil:
		s.hurryApart(time.Now())
	}
	s.fault = fault
}

var errAbandoned = errors.New("nobody subscribes any more")

// run serves until ctx ends or everybody left. Loops share one source: refresh observes every subject in its turn, urgent those that
// nobody has looked at yet, watch those that inactive push triggers wait for; and rotate exchanges credentials. askApart has a source of
// its own for those that were not answered in time.
func (s *session) run(ctx context.Context) error {
	defer s.source.close()
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		select {
		case <-s.abandoned:
			return errAbandoned
		case <-ctx.Done():
			return nil
		}
	})
	group.Go(func() error { s.refresh(ctx); return nil })
	group.Go(func() error { s.urgent(ctx); return nil })
	group.Go(func() error { s.watch(ctx); return nil })
	group.Go(func() error { s.askApart(ctx); return nil })
	group.Go(func() error { s.rotate(ctx); return nil })
	if err := group.Wait(); !errors.Is(err, errAbandoned) {
		return err //nolint:wrapcheck // the loops return nothing else
	}
	return nil
}

// observe looks at the subjects, and publishes each outcome at once. It returns the fault that concerns everybody, if there was one. What
// is not answered in time is asked apart.
func (s *session) observe(ctx context.Context, subjects []*subject) (fault *Fault) {
	if len(subjects) == 0 {
		return nil
	}
	told, doubtful := make([]bool, len(subjects)), map[*subject]answer{}
	failure := ""
	asked, err := s.source.lookAtMany(ctx, s.wantsOf(subjects), func(i int, a answer) {
		told[i] = true
		one := subjects[i]
		if a.late {
			s.setApart(one)
		}
		switch {
		case a.err == errOverdue: //nolint:errorlint // it is never wrapped
		case a.err == nil && one.suspects(s.observationOf(a)).is:
			doubtful[one] = a
		default:
			if fault := s.hear(ctx, one, a); fault != nil {
				failure = fault.Kind.String()
			}
		}
	})
	if err != nil {
		fault = faultOf("looking at queues", err)
		failure = fault.Kind.String()
	}
	s.tally.Asked(s.asked(), asked, failure)
	select {
	case <-ctx.Done(): // what was read is of no use any more
		return nil
	default:
	}
	if fault != nil {
		if fault.Kind == TimedOut {
			s.source.reset()
		}
		for i, one := range subjects {
			if !told[i] {
				one.fail(fault)
			}
		}
	}
	s.setTrouble(fault)
	s.hearDoubtful(ctx, doubtful)
	return fault
}

// hearDoubtful takes answers that have to be compared with what else is known, which others do not wait for.
func (s *session) hearDoubtful(ctx context.Context, doubtful map[*subject]answer) {
	var comparing errgroup.Group
	comparing.SetLimit(doubtsAtOnce)
	for one, a := range doubtful {
		comparing.Go(func() error { _ = s.hear(ctx, one, a); return nil })
	}
	_ = comparing.Wait()
}

// doubtsAtOnce bounds the questions about doubtful answers that are under way.
const doubtsAtOnce = 8

// hear takes what was read for a subject.
func (s *session) hear(ctx context.Context, one *subject, a answer) (fault *Fault) {
	if a.err != nil {
		fault = faultOf("looking at a queue", a.err)
	}
	switch {
	case ctx.Err() != nil: // what was read is of no use any more
	case fault == nil:
		s.take(ctx, one, s.observationOf(a), a.took)
	default:
		one.fail(fault)
	}
	return fault
}

// observationOf dates what was just read.
func (s *session) observationOf(a answer) Observation {
	return Observation{At: time.Now().Add(-a.took), Queues: a.queues, Managed: s.endpoint.Protocol == HTTP}
}

// take publishes an observation that is believed. One that is not is no fault of the broker's: it has answered.
func (s *session) take(ctx context.Context, one *subject, observation Observation, took time.Duration) {
	doubt := s.doubt(ctx, one, observation, took)
	switch {
	case ctx.Err() != nil:
	case doubt != nil:
		one.doubt(doubt)
	default:
		one.publish(observation)
	}
}

// longestLook bounds what triggers say of their requests.
const longestLook = 30 * time.Second

func (s *session) timeFor(want Want) time.Duration {
	return min(cmp.Or(want.Timeout, s.options.RequestTimeout), longestLook)
}
