package cluster

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/lagwise/lagwise/scalers/news"
)

const (
	// mostAtOnce bounds the partitions that are read at the same time, mostWaiting those that wait for it.
	mostAtOnce  = 64
	mostWaiting = 10_000
	// readLimit is how long one partition may be read.
	readLimit = 5 * time.Second
)

// patienceOf is how long an observation waits for what is being read of its partitions, while the one before it serves.
func patienceOf(options Options) time.Duration { return min(time.Second, options.MaxSnapshotAge/3) }

// prober reads a bounded piece of partitions, to find out which of their offsets hold records and how old the first one is. It
// joins no group and commits nothing. What was found is remembered, so nothing is read twice while neither the group's position
// nor the log's end moves.
type prober struct {
	open  func(Connection) (reader, error)
	login *login
	log   *slog.Logger

	mu    sync.Mutex
	found map[probe]finding
	// used is when somebody last asked about it.
	used map[probe]time.Time
	// goals are those of the probes that wait or are under way; queue is the order of those that wait.
	goals   map[probe]goal
	queue   []probe
	tickets map[*ticket]struct{}
	// asked and ticketed hold one signal each.
	asked, ticketed chan struct{}
}

// ticket is somebody who waits for probes, until a time.
type ticket struct {
	left  map[probe]struct{}
	until time.Time
	done  func()
}

func newProber(connection Connection, open func(Connection) (reader, error), log *slog.Logger) *prober {
	return &prober{
		login: newLogin(connection), open: open, log: log,
		found: map[probe]finding{}, used: map[probe]time.Time{}, goals: map[probe]goal{}, tickets: map[*ticket]struct{}{},
		asked: make(chan struct{}, 1), ticketed: make(chan struct{}, 1),
	}
}

var (
	errNotYet    error = &Fault{Kind: TimedOut, About: "it is still being read"}
	errCrowded   error = &Fault{Kind: TimedOut, About: "too many partitions wait to be read"}
	errReadLimit error = &Fault{Kind: TimedOut, About: fmt.Sprintf("neither its end nor enough records were found in %s", readLimit)}
)

// look tells what is known for a goal; the error says why not enough is.
func (p *prober) look(at probe, g goal) (finding, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f, begun := p.found[at]
	switch {
	case begun && f.reached(g):
		return f, nil
	case begun && f.err != nil:
		return f, f.err
	default:
		return f, errNotYet
	}
}

// ask reads what is not known of goals, by an observation that was begun at a time, and calls done when all is known, cannot be
// known for now, or takes longer than patience. It may be done before ask returns.
func (p *prober) ask(goals map[probe]goal, observed time.Time, patience time.Duration, done func()) {
	now := time.Now()
	waits := &ticket{left: map[probe]struct{}{}, until: now.Add(patience), done: done}
	p.mu.Lock()
	for at, g := range goals {
		p.used[at] = now
		if !p.settled(at, g, observed, now) && p.enqueue(at, g, now) {
			waits.left[at] = struct{}{}
		}
	}
	known := len(waits.left) == 0
	if !known {
		p.tickets[waits] = struct{}{}
	}
	p.mu.Unlock()
	if known {
		done()
		return
	}
	news.Signal(p.asked)
	news.Signal(p.ticketed)
}

// settled says whether there is nothing to be read; it forgets what is stale.
func (p *prober) settled(at probe, g goal, observed, now time.Time) bool {
	f, begun := p.found[at]
	if _, wanted := p.goals[at]; wanted {
		return false
	}
	if begun && f.stale(g, observed, now) {
		delete(p.found, at)
		return false
	}
	return begun && (f.reached(g) || f.err != nil && now.Sub(f.at) < f.pause())
}

func (p *prober) enqueue(at probe, g goal, now time.Time) bool {
	before, waits := p.goals[at]
	if !waits && len(p.queue) >= mostWaiting {
		p.fail(at, errCrowded, now)
		return false
	}
	p.goals[at] = before.and(g)
	if !waits {
		p.queue = append(p.queue, at)
	}
	return true
}

// fail notes why a probe is given up for now.
func (p *prober) fail(at probe, err error, now time.Time) {
	f, begun := p.found[at]
	if !begun {
		f = finding{through: at.from, began: now}
	}
	f.err, f.at, f.failures = err, now, f.failures+1
	p.found[at] = f
}

// settle ends probes that are known or given up, and tells those who waited for them.
func (p *prober) settle(ended []probe) {
	if len(ended) == 0 {
		return
	}
	var over []*ticket
	p.mu.Lock()
	for _, at := range ended {
		delete(p.goals, at)
		for t := range p.tickets {
			if delete(t.left, at); len(t.left) == 0 {
				over = append(over, t)
				delete(p.tickets, t)
			}
		}
	}
	p.mu.Unlock()
	for _, t := range over {
		t.done()
	}
}

// prune forgets what nobody asks about.
func (p *prober) prune(now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	maps.DeleteFunc(p.used, func(_ probe, used time.Time) bool { return now.Sub(used) > findingRest })
	maps.DeleteFunc(p.found, func(at probe, _ finding) bool { return p.used[at].IsZero() && p.goals[at] == goal{} })
}

// run serves until ctx ends.
func (p *prober) run(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return p.read(ctx) })
	group.Go(func() error { p.watchTickets(ctx); return nil })
	return group.Wait() //nolint:wrapcheck // the loops say what they were doing
}

// watchTickets tells those whose patience is over, whatever the consumer does meanwhile.
func (p *prober) watchTickets(ctx context.Context) {
	next := time.NewTimer(0)
	defer next.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-p.ticketed:
		case <-next.C:
		}
		over, wait := p.impatient(time.Now())
		for _, t := range over {
			t.done()
		}
		next.Reset(wait)
	}
}

func (p *prober) impatient(now time.Time) (over []*ticket, next time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	next = time.Hour
	for t := range p.tickets {
		if left := t.until.Sub(now); left > 0 {
			next = min(next, left)
			continue
		}
		over = append(over, t)
		delete(p.tickets, t)
	}
	return over, next
}
