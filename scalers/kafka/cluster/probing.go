package cluster

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/lagwise/lagwise/scalers/news"
)

// slowRead is after how long a partition that is being read is taken for one whose broker does not answer.
const slowRead = 250 * time.Millisecond

// beat is how long the prober's consumer is waited for at once, while it reads; and so how long a new probe may wait.
const beat = 10 * time.Millisecond

// probing is a partition that is being read. A consumer has each partition once, so one probe at a time.
type probing struct {
	probe
	until time.Time
}

// read waits for a probe before it opens a consumer, and serves one after the other, each until the next credentials. One that
// cannot be opened is tried again with the next probe.
func (p *prober) read(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-p.asked:
		}
		connection, outdated := p.login.present()
		opened, err := p.open(connection)
		if err != nil {
			p.log.Error("opening a consumer to look at records", "error", err)
			p.giveUp(err)
			continue
		}
		if err := p.use(ctx, outdated, opened); err != nil {
			return err
		}
	}
}

// use has a reader read, and serves it until it is outdated.
func (p *prober) use(ctx context.Context, outdated <-chan struct{}, opened reader) error {
	reading, stop := context.WithCancel(ctx)
	group, reading := errgroup.WithContext(reading)
	group.Go(func() error { return opened.run(reading) })
	p.serve(ctx, outdated, opened)
	stop()
	return group.Wait() //nolint:wrapcheck // the reader says what it was doing
}

// giveUp fails all that waits.
func (p *prober) giveUp(err error) {
	p.mu.Lock()
	ended := p.queue
	p.queue = nil
	for _, at := range ended {
		p.fail(at, err, time.Now())
	}
	p.mu.Unlock()
	p.settle(ended)
}

func (p *prober) serve(ctx context.Context, outdated <-chan struct{}, from reader) {
	underway := map[partition]probing{}
	defer p.leave(underway)
	for {
		select {
		case <-ctx.Done():
			return
		case <-outdated:
			return
		default:
		}
		p.begin(from, underway)
		if len(underway) == 0 {
			select {
			case <-ctx.Done():
			case <-outdated:
			case <-p.asked:
			}
			continue
		}
		var ended []probe
		seen := from.next(beat)
		for range mostRecords { // a busy partition may have more and more
			if over, is := p.take(seen, underway); is {
				ended = append(ended, over)
			}
			if seen = from.next(0); seen.at == (partition{}) {
				break
			}
		}
		ended = append(ended, p.expire(underway, time.Now())...)
		p.drop(from, ended)
		p.settle(ended)
	}
}

// leave lets the next consumer take up what this one was reading.
func (p *prober) leave(underway map[partition]probing) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, reading := range underway {
		p.queue = append(p.queue, reading.probe)
	}
	if len(p.queue) > 0 {
		news.Signal(p.asked)
	}
}

// begin gives the consumer what waits, as far as there is room. Partitions that could be read when they were last tried come first, and
// those that have delivered nothing for slowRead take no room: a broker that does not answer keeps nothing of the others from being read.
func (p *prober) begin(to reader, underway map[partition]probing) {
	now := time.Now()
	add := map[partition]int64{}
	room := mostAtOnce
	for _, reading := range underway {
		if now.Before(reading.until.Add(slowRead - readLimit)) {
			room--
		}
	}
	p.mu.Lock()
	slices.SortStableFunc(p.queue, func(a, b probe) int { return cmp.Compare(p.found[a].failures, p.found[b].failures) })
	p.queue = slices.DeleteFunc(p.queue, func(at probe) bool {
		if _, busy := underway[at.at]; busy || room <= 0 {
			return false
		}
		room--
		f, known := p.found[at]
		if !known {
			f = finding{through: at.from, began: now, at: now}
			p.found[at] = f
		}
		underway[at.at] = probing{probe: at, until: now.Add(readLimit)}
		add[at.at] = f.through
		return true
	})
	p.mu.Unlock()
	if len(add) == 0 {
		return
	}
	to.assign(add)
}

// take notes what was seen. Partitions that are not being read any more may still be heard of.
func (p *prober) take(seen sighting, underway map[partition]probing) (over probe, ended bool) {
	reading, is := underway[seen.at]
	if !is {
		return probe{}, false
	}
	now := time.Now()
	p.mu.Lock()
	defer p.mu.Unlock()
	f, g := p.found[reading.probe], p.goals[reading.probe]
	switch {
	case seen.failure != nil:
		p.fail(reading.probe, seen.failure, now)
	case seen.message.offset < f.through:
		return probe{}, false // heard of when it was last read
	case seen.atEnd && seen.message.offset < g.end:
		f.through = seen.message.offset
		p.found[reading.probe] = f
		p.fail(reading.probe, fmt.Errorf("its log ends at %d already", seen.message.offset), now)
	default:
		if seen.atEnd {
			f.through = seen.message.offset
		} else {
			f = f.see(seen.message, g)
		}
		f.at, f.err, f.failures = now, nil, 0
		p.found[reading.probe] = f
		if !f.reached(g) {
			return probe{}, false
		}
	}
	delete(underway, seen.at)
	return reading.probe, true
}

// expire gives up what takes too long.
func (p *prober) expire(underway map[partition]probing, now time.Time) (ended []probe) {
	p.mu.Lock()
	defer p.mu.Unlock()
	maps.DeleteFunc(underway, func(_ partition, reading probing) bool {
		if now.Before(reading.until) {
			return false
		}
		p.fail(reading.probe, errReadLimit, now)
		ended = append(ended, reading.probe)
		return true
	})
	return ended
}

func (p *prober) drop(from reader, ended []probe) {
	partitions := make([]partition, len(ended))
	for i, at := range ended {
		partitions[i] = at.at
	}
	from.unassign(partitions)
}
