package simulate

import (
	"errors"
	"fmt"
	"time"

	"github.com/lagwise/lagwise/internal/hpa"
	"github.com/lagwise/lagwise/scalers"
)

// Setup is everything that a run depends on.
type Setup struct {
	Object     hpa.ScaledObject
	Autoscaler hpa.Autoscaler
	Triggers   []Trigger
	Arrivals   Arrivals
	Number     Number
	// Partitions are those of a topic, 0 for 1; Skew says how unevenly records fall into them.
	Partitions int
	Skew       float64
	Replicas   Replicas
	// From is the beginning, for windows of time; During is how long to play.
	From   time.Time
	During time.Duration
	// Initial is how many replicas there are in the beginning.
	Initial int32
	// Polling is KEDA's interval, and PollAfter when it polls first; Sync and SyncAfter are the HPA's.
	Polling, PollAfter time.Duration
	Sync, SyncAfter    time.Duration
	// Refresh is lagwise's interval.
	Refresh time.Duration
}

// Trigger is one trigger of the ScaledObject.
type Trigger struct {
	Trigger scalers.Trigger
	Source  Source
	// Pushed says that KEDA is told at once when the trigger becomes active.
	Pushed bool
}

// ticks bounds how many steps a run takes: a shorter one has finer ones.
const ticks = 24_000

// syncTakes is what passes between two syncs beside the HPA's interval: it counts from the end of the one before.
const syncTakes = 10 * time.Millisecond

func (s Setup) step() time.Duration {
	return max(20*time.Millisecond, s.During/ticks)
}

// Check says what cannot be played.
func (s Setup) Check() error {
	switch {
	case s.Replicas.PerSecond == 0:
		return errors.New("say how many records a replica gets done in a second (--per-replica)")
	case s.Partitions < 0 || s.Partitions > 10_000:
		return fmt.Errorf("--partitions %d: want 1 to 10000", s.Partitions)
	case s.Replicas.Prefetch < 0 || s.Replicas.Prefetch > 65_535:
		return fmt.Errorf("--prefetch %d: want 1 to 65535", s.Replicas.Prefetch)
	case s.Number.Every < 0 || !upTo(mostNumber, s.Number.Factor):
		return fmt.Errorf("--query-interval %s, --answer-factor %g: want neither below 0", s.Number.Every, s.Number.Factor)
	case s.During <= 0 || s.During > 31*24*time.Hour:
		return fmt.Errorf("--for %s: want up to a month", s.During)
	case s.Polling < time.Second || s.Sync < time.Second || s.Refresh < 100*time.Millisecond:
		return fmt.Errorf("pollingInterval %s, --hpa-sync %s, --refresh %s: want a second at least, and 100ms for refreshing", s.Polling, s.Sync, s.Refresh)
	case s.Replicas.Start < 0 || s.Replicas.Heartbeat < 0 || s.Replicas.CommitEvery < 0 || s.PollAfter < 0 || s.SyncAfter < 0 || s.Initial < 0:
		return errors.New("--pod-start, --heartbeat, --commit-every, --poll-after, --hpa-sync-after, --replicas: want none below 0")
	case !upTo(10, s.Skew):
		return fmt.Errorf("--skew %g: want 0 to 10", s.Skew)
	case !upTo(mostRecords, s.Replicas.PerSecond):
		return fmt.Errorf("--per-replica %g: want up to 1e9", s.Replicas.PerSecond)
	case !s.Arrivals.sound():
		return errors.New("records come in numbers from 0 to 1e9, at once or in a second, and not before the beginning")
	case s.Replicas.Commit != CommitAfter && s.Replicas.Commit != CommitBefore && s.Replicas.Commit != CommitQueued:
		return fmt.Errorf("--commit %q: want %s, %s or %s", s.Replicas.Commit, CommitBefore, CommitAfter, CommitQueued)
	default:
		return nil
	}
}

// checkQueue says what of the setup is for a topic alone.
func (s Setup) checkQueue() error {
	switch {
	case s.Partitions > 0:
		return errors.New("no trigger reads a topic: a queue has no --partitions")
	case s.Skew > 0:
		return errors.New("no trigger reads a topic: a queue has no partitions for a --skew")
	case s.Replicas.CommitEvery > 0:
		return errors.New("no trigger reads a topic: of a queue each message is acknowledged by itself, and not --commit-every")
	default:
		return nil
	}
}

// checkTopic says what of the setup is for a queue alone.
func (s Setup) checkTopic() error {
	if s.Replicas.Prefetch > 0 {
		return errors.New("no trigger reads a queue: a topic's consumers have no --prefetch")
	}
	return nil
}
