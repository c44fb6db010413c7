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
	name     string
	endpoint Endpoint
	options  Options
	log      *slog.Logger
	source   source
	tempo    tempo
	tally    *sessions.Tally
	// abandoned is closed when the last subscription left.
	abandoned chan struct{}
	// arrived, armed and failed wake the loops that first look at newcomers, watch, and retry.
	arrived, armed, failed chan struct{}
	// rotation has the credentials that are to be used from now on.
	rotation rotation.Rotation[Endpoint]

	mu       sync.Mutex
	subjects map[Want]*subject
	// newcomers are the subjects that nobody has looked at yet.
	newcomers map[*subject]struct{}
	// fault is why the broker does not answer; nil while it does, and before it was first asked.
	fault *Fault
	// cycle is the turn of refresh.
	cycle pace.Cycle
}

func newSession(name string, endpoint Endpoint, options Options, source source) *session {
	s := &session{
		name: name, endpoint: endpoint, options: options, source: source, tempo: tempoOf(endpoint.Protocol, options.LooksPerSecond),
		cycle:     pace.Cycle{Interval: options.RefreshInterval, Age: options.MaxSnapshotAge},
		log:       options.Log.With("connection", name, "protocol", string(endpoint.Protocol)),
		abandoned: make(chan struct{}), rotation: rotation.New[Endpoint](),
		arrived: make(chan struct{}, 1), armed: make(chan struct{}, 1), failed: make(chan struct{}, 1),
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

func (s *session) everybody() []*subject {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Collect(maps.Values(s.subjects))
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
	if fault != nil && s.fault == nil {
		news.Signal(s.failed)
	}
	s.fault = fault
}

var errAbandoned = errors.New("nobody subscribes any more")

// run serves until ctx ends or everybody left. Four loops share one source: refresh observes every subject in its turn, urgent
// those that nobody has looked at yet, watch those that inactive push triggers wait for; and rotate exchanges credentials.
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
	group.Go(func() error { s.rotate(ctx); return nil })
	if err := group.Wait(); !errors.Is(err, errAbandoned) {
		return err //nolint:wrapcheck // the loops return nothing else
	}
	return nil
}

// observe looks at the subjects and tells each of them the outcome. The first one goes alone, so that a broker that is away is
// asked once and not by everybody. It returns the broker's own fault, if that was it, and whether it waited for some in vain.
func (s *session) observe(ctx context.Context, subjects []*subject) (fault *Fault, inVain bool) {
	if len(subjects) == 0 {
		return nil, false
	}
	v := &verdict{}
	v.add(s.look(ctx, subjects[0]))
	if s.endpoint.Protocol == HTTP && v.fault() == nil {
		s.lookAtAll(ctx, subjects[1:], v)
	} else {
		s.lookAtEach(ctx, subjects[1:], v)
	}
	select {
	case <-ctx.Done(): // what was read is of no use any more
		return nil, false
	default:
	}
	fault = v.ofEverybody(len(subjects))
	if fault != nil {
		if fault.Kind == TimedOut {
			s.source.reset()
		}
		for _, one := range subjects {
			one.fail(fault)
		}
	}
	s.setTrouble(fault)
	return fault, v.late > 0
}

// lookAtEach has some looks under way at a time.
func (s *session) lookAtEach(ctx context.Context, subjects []*subject, v *verdict) {
	var looking errgroup.Group
	looking.SetLimit(lanes)
	for _, one := range subjects {
		looking.Go(func() error {
			if v.fault() == nil && ctx.Err() == nil {
				v.add(s.look(ctx, one))
			}
			return nil
		})
	}
	_ = looking.Wait()
}

// lookAtAll looks at all of them together.
func (s *session) lookAtAll(ctx context.Context, subjects []*subject, v *verdict) {
	began := time.Now()
	asked, err := s.source.lookAtMany(ctx, s.wantsOf(subjects), func(i int, queues []Queue, err error) {
		v.add(s.hear(ctx, subjects[i], began, queues, err))
	})
	s.tally.Asked(s.asked(), asked, "")
	if err != nil {
		v.add(faultOf("looking at queues", err))
	}
}

// verdict is what the looks of one pass say of the broker as a whole.
type verdict struct {
	mu       sync.Mutex
	ofAll    *Fault
	answered int
	late     int
	latest   *Fault
}

func (v *verdict) add(fault *Fault) {
	v.mu.Lock()
	defer v.mu.Unlock()
	switch {
	case fault == nil:
		v.answered++
	case fault.ofAll():
		v.ofAll = fault
	case fault.Kind == TimedOut:
		v.late++
		v.latest = fault
	default:
		v.answered++
	}
}

// fault is the broker's, as far as is known: not one of many questions is answered in time.
func (v *verdict) fault() *Fault {
	return v.ofEverybody(lanes)
}

func (v *verdict) ofEverybody(subjects int) *Fault {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.ofAll == nil && v.answered == 0 && v.late >= min(lanes, subjects) {
		return v.latest
	}
	return v.ofAll
}

// look observes one subject, and tells it unless the fault is everybody's.
func (s *session) look(ctx context.Context, one *subject) *Fault {
	began := time.Now()
	queues, err := s.ask(ctx, one)
	fault := s.hear(ctx, one, began, queues, err)
	if fault == nil {
		s.tally.Asked(s.asked(), 1, "")
	} else {
		s.tally.Asked(s.asked(), 1, fault.Kind.String())
	}
	return fault
}

// hear takes what a subject's look gave.
func (s *session) hear(ctx context.Context, one *subject, began time.Time, queues []Queue, err error) (fault *Fault) {
	if err != nil {
		fault = faultOf("looking at a queue", err)
	}
	switch {
	case ctx.Err() != nil: // what was read is of no use any more
	case fault == nil:
		s.take(ctx, one, Observation{At: began, Queues: queues, Managed: s.endpoint.Protocol == HTTP})
	case !fault.ofAll():
		one.fail(fault)
	}
	return fault
}

// take publishes an observation that is believed. One that is not is no fault of the broker's: it has answered.
func (s *session) take(ctx context.Context, one *subject, observation Observation) {
	doubt := s.doubt(ctx, one, observation, time.Since(observation.At))
	switch {
	case ctx.Err() != nil:
	case doubt != nil:
		one.doubt(doubt)
	default:
		one.publish(observation)
	}
}

func (s *session) ask(ctx context.Context, one *subject) ([]Queue, error) {
	ctx, cancel := context.WithTimeout(ctx, s.timeFor(one.want))
	defer cancel()
	return s.source.look(ctx, one.want)
}

// longestLook bounds what triggers say of their requests: everybody else on the session waits for the end of each.
const longestLook = 30 * time.Second

func (s *session) timeFor(want Want) time.Duration {
	return min(cmp.Or(want.Timeout, s.options.RequestTimeout), longestLook)
}
