package cluster

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/lagwise/lagwise/scalers/news"
)

const (
	// lookEvery is how often the log ends of newcomers are listed.
	lookEvery = 100 * time.Millisecond
	// lookAtMost bounds the share of time that this may take, as the tenth part of it.
	lookAtMost = 10
)

// lister tells where logs end.
type lister func(ctx context.Context, partitions []partition) (map[partition]offsetState, error)

// newcomers are the partitions that a consumer was given while its fetch waited at the broker. Neither that fetch covers
// them nor the next one: what librdkafka asks about a new partition waits behind the first, on the same connection, and the
// second goes out before the answer is read (measured with librdkafka 2.11.1). Until then their log ends are listed instead.
type newcomers struct {
	life    time.Duration
	until   map[partition]time.Time
	arrived chan struct{}
}

func newNewcomers(fetchWait time.Duration) *newcomers {
	return &newcomers{life: 2*fetchWait + fetchWait/2, until: map[partition]time.Time{}, arrived: make(chan struct{}, 1)}
}

func (n *newcomers) add(at partition, now time.Time) {
	n.until[at] = now.Add(n.life)
	news.Signal(n.arrived)
}

// present lists them and forgets those that a fetch covers by now.
func (n *newcomers) present(now time.Time) []partition {
	maps.DeleteFunc(n.until, func(_ partition, until time.Time) bool { return !now.Before(until) })
	return slices.SortedFunc(maps.Keys(n.until), comparePartitions)
}

// lookAfterNewcomers wakes those who wait for a newcomer whose log has grown.
func (t *tails) lookAfterNewcomers(ctx context.Context, ends lister) {
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
			pause = t.look(ctx, ends)
		}
	}
}

// look lists the ends once and says how long to wait before the next time; 0 when there are no newcomers.
func (t *tails) look(ctx context.Context, ends lister) time.Duration {
	began := time.Now()
	t.mu.Lock()
	present := t.newcomers.present(began)
	t.mu.Unlock()
	if len(present) == 0 {
		return 0
	}
	states, err := ends(ctx, present)
	if err != nil {
		// The refresh loop tells of a cluster that fails.
		t.log.Debug("looking after newly watched partitions", "error", err)
	}
	for at, state := range states {
		if state.err == nil {
			t.hit(at, state.offset-1)
		}
	}
	return max(lookEvery, lookAtMost*time.Since(began))
}
