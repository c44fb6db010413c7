package cluster

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/lagwise/lagwise/scalers/news"
)

const (
	// lookEvery is how often the log ends of newcomers are listed.
	lookEvery = 100 * time.Millisecond
	// lookAtMost bounds the share of time that this may take, as the tenth part of it.
	lookAtMost = 10
	// never is longer than any listing takes.
	never = time.Hour
)

// lister lists where logs end. Each broker's answer is handed on when it arrives, from any goroutine.
type lister func(ctx context.Context, partitions []partition, answered func(map[partition]offsetState))

// newcomers are the partitions that a fetcher was given while its request waited at the broker, which answers one request of a connection
// after the other. The next request names them. Until then their log ends are listed instead.
type newcomers struct {
	life  time.Duration
	until map[partition]time.Time
	// due is when a partition's end is listed again; never, while it is being listed.
	due     map[partition]time.Time
	arrived chan struct{}
}

func newNewcomers(fetchWait time.Duration) *newcomers {
	return &newcomers{life: fetchWait + fetchWait/2, until: map[partition]time.Time{}, due: map[partition]time.Time{}, arrived: make(chan struct{}, 1)}
}

func (n *newcomers) add(at partition, now time.Time) {
	n.until[at] = now.Add(n.life)
	news.Signal(n.arrived)
}

// take lists those that are due, and forgets those that a fetch covers by now. left reports whether there are any.
func (n *newcomers) take(now time.Time) (due []partition, left bool) {
	maps.DeleteFunc(n.until, func(_ partition, until time.Time) bool { return !now.Before(until) })
	for at := range n.until {
		if !n.due[at].After(now) {
			n.due[at] = now.Add(never)
			due = append(due, at)
		}
	}
	slices.SortFunc(due, comparePartitions)
	return due, len(n.until) > 0
}

// settle ends what take began. The longer a listing took, the longer its partitions are left alone.
func (n *newcomers) settle(states map[partition]offsetState, took time.Duration, now time.Time) {
	for at := range states {
		if _, waits := n.until[at]; waits {
			n.due[at] = now.Add(max(lookEvery, lookAtMost*took))
			continue
		}
		delete(n.due, at)
	}
}

// lookAfterNewcomers wakes those who wait for a newcomer whose log has grown. A partition whose leader does not answer is left out until it
// does, and delays no other.
func (t *tails) lookAfterNewcomers(ctx context.Context, ends lister) {
	var looks sync.WaitGroup
	defer looks.Wait()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.newcomers.arrived:
		}
		for pause := lookEvery; pause > 0; {
			select {
			case <-ctx.Done():
				return
			case <-time.After(pause):
			}
			pause = t.look(ctx, ends, &looks)
		}
	}
}

// look lists the ends of the newcomers that are due, and returns how long to wait before the next time; 0 when there are none.
func (t *tails) look(ctx context.Context, ends lister, looks *sync.WaitGroup) time.Duration {
	began := time.Now()
	t.mu.Lock()
	due, left := t.newcomers.take(began)
	t.mu.Unlock()
	if !left {
		return 0
	}
	if len(due) == 0 {
		return lookEvery
	}
	looks.Go(func() {
		ends(ctx, due, func(states map[partition]offsetState) {
			now := time.Now()
			t.mu.Lock()
			t.newcomers.settle(states, now.Sub(began), now)
			t.mu.Unlock()
			for at, state := range states {
				if state.err == nil { // the refresh reports what is wrong elsewhere
					t.hit(at, state.offset-1)
				}
			}
		})
	})
	return lookEvery
}
