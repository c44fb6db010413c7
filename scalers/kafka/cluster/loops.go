package cluster

import (
	"context"
	"sync"
	"time"

	"github.com/lagwise/lagwise/scalers/news"
	"github.com/lagwise/lagwise/scalers/pace"
)

const (
	// snapshotsAtOnce bounds the urgent snapshots that are young, so that those that come together are read together. After slotTime
	// one counts no longer: what is left of it then waits for brokers that do not answer.
	snapshotsAtOnce = 4
	slotTime        = 100 * time.Millisecond
	// What fails is tried again after a random time below a limit that doubles from firstRetry to lastRetry.
	firstRetry = 250 * time.Millisecond
	lastRetry  = 5 * time.Second
	// retryGrid is what the times of such attempts are rounded up to, so that many are made together.
	retryGrid = 100 * time.Millisecond
)

func retryAfter(failures int) time.Duration {
	return pace.Backoff{First: firstRetry, Last: lastRetry}.Pause(failures)
}

// round is one refresh of subscriptions.
type round struct {
	began time.Time
	done  chan struct{}

	mu sync.Mutex
	// answered and unanswered count the subscriptions for which Kafka had an answer, and those for which it had none.
	answered, unanswered int
	// latest is when the last complete answer came.
	latest time.Time
}

func (r *round) note(of result, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case of.fault != nil && of.fault.wholeCluster():
		r.unanswered++
	case of.partial:
		r.answered++
	default:
		r.answered++
		r.latest = now
	}
}

// took is how long the answers took. What waits for brokers that do not answer does not count.
func (r *round) took() time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.latest.IsZero() {
		return 0
	}
	return r.latest.Sub(r.began)
}

// isUnanswered reports whether Kafka answered for nothing.
func (r *round) isUnanswered() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.answered == 0 && r.unanswered > 0
}

// refresh observes every subscription, every RefreshInterval; less often when that takes long, and after random, growing pauses
// while no broker answers. Subscriptions that wait for brokers that do not answer do not delay the next refresh of the others.
func (s *session) refresh(ctx context.Context, client client) {
	var rounds sync.WaitGroup
	defer rounds.Wait()
	failures := 0
	timer := time.NewTimer(s.options.RefreshInterval)
	defer timer.Stop()
	var latest *round
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		began := time.Now()
		if s.trouble() != nil && !s.reaches(ctx, client) {
			failures++
			pause := retryAfter(failures)
			s.counts.Refreshed(time.Since(began), pause, true)
			timer.Reset(pause)
			continue
		}
		failures = 0
		if idle := s.takeIdle(); len(idle) > 0 || latest == nil {
			latest = s.begin(ctx, client, idle, &rounds)
		}
		complete := false
		select {
		case <-ctx.Done():
			return
		case <-latest.done:
			complete = true
		case <-time.After(s.options.RefreshInterval):
		}
		if latest.isUnanswered() && !s.reaches(ctx, client) {
			pause := retryAfter(failures)
			s.counts.Refreshed(time.Since(began), pause, true)
			timer.Reset(pause)
			continue
		}
		took := latest.took()
		pause := s.cycle.Pause(took)
		if complete {
			s.cycle.Went(took + pause)
		}
		s.counts.Refreshed(took, pause, false)
		timer.Reset(max(0, pause-(time.Since(latest.began)-took)))
		s.cache.prune(time.Now())
		for _, lane := range s.lanes {
			lane.prober.prune(time.Now())
		}
	}
}

// begin starts a refresh.
func (s *session) begin(ctx context.Context, client client, subscriptions []*Subscription, rounds *sync.WaitGroup) *round {
	r := &round{began: time.Now(), done: make(chan struct{})}
	rounds.Go(func() {
		defer close(r.done)
		s.observe(ctx, client, subscriptions, false, func(subscription *Subscription, of result) {
			r.note(of, time.Now())
			s.mu.Lock()
			delete(s.refreshing, subscription)
			s.mu.Unlock()
		})
		s.log.Debug("refreshed", "triggers", len(subscriptions), "took", time.Since(r.began))
	})
	return r
}

// reaches asks any broker. When none answers, every subscription is told.
func (s *session) reaches(ctx context.Context, client client) bool {
	err := client.ping(ctx)
	if ctx.Err() != nil {
		return false
	}
	if err == nil {
		s.noteHealth(nil)
		return true
	}
	fault := s.connectionFault(err)
	s.noteHealth(fault)
	for _, subscription := range s.everybody() {
		subscription.publish(time.Now(), result{fault: fault})
	}
	return false
}

// connectionFault is why no broker answers.
func (s *session) connectionFault(err error) *Fault {
	return faultOf("connection "+s.connection.Name, err)
}

// urgent observes those that cannot wait for their turn. While no broker answers they get that as their answer at once: trying is left
// to refresh alone. Those whose latest observation failed are read apart, so that they keep no slot from the others; their times lie on
// a grid, which bounds the snapshots.
func (s *session) urgent(ctx context.Context, client client) {
	var snapshots sync.WaitGroup
	defer snapshots.Wait()
	slots := make(chan struct{}, snapshotsAtOnce)
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.wake:
		case <-timer.C:
		}
		if failing := s.takeDue(time.Now(), true); len(failing) > 0 {
			snapshots.Go(func() { s.hasten(ctx, client, failing) })
		}
		select {
		case <-ctx.Done():
			return
		case slots <- struct{}{}:
		}
		free := sync.OnceFunc(func() { <-slots })
		if due := s.takeDue(time.Now(), false); len(due) > 0 {
			old := time.AfterFunc(slotTime, free)
			snapshots.Go(func() {
				defer func() { old.Stop(); free() }()
				s.hasten(ctx, client, due)
			})
		} else {
			free()
		}
		timer.Reset(s.nextDue(time.Now()))
	}
}

// hasten observes subscriptions at once.
func (s *session) hasten(ctx context.Context, client client, due []*Subscription) {
	if fault := s.trouble(); fault != nil {
		for _, subscription := range due {
			subscription.publish(time.Now(), result{fault: fault})
			s.settle(subscription)
		}
		return
	}
	s.observe(ctx, client, due, true, func(subscription *Subscription, _ result) { s.settle(subscription) })
}

// settle ends what takeDue began for a subscription.
func (s *session) settle(subscription *Subscription) {
	s.mu.Lock()
	delete(s.hurried, subscription)
	_, again := s.waiting[subscription]
	s.mu.Unlock()
	if again {
		news.Signal(s.wake)
	}
}

// observe reads what the subscriptions want and publishes each as soon as it is complete. delivered is called for each of them.
func (s *session) observe(
	ctx context.Context, client client, subscriptions []*Subscription, urgent bool, delivered func(*Subscription, result),
) {
	if len(subscriptions) == 0 {
		return
	}
	wants := make([]Want, len(subscriptions))
	for i, subscription := range subscriptions {
		wants[i] = subscription.want
	}
	began := time.Now()
	taken := &snapshot{client: client, cache: s.cache, at: began, wants: wants, urgent: urgent, requests: &s.requests}
	taken.deliver = func(i int, r result) {
		if ctx.Err() != nil { // what was read is of no use any more
			return
		}
		if r.fault != nil && r.fault == taken.clusterFault {
			r.fault = s.connectionFault(r.fault.Err)
			s.noteHealth(r.fault)
		}
		s.deliver(subscriptions[i], began, r)
		delivered(subscriptions[i], r)
	}
	taken.run(ctx)
}
