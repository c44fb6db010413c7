package parity_test

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/lagwise/lagwise/scalers"
)

// looks are a scaler's evaluations, one for each look at Kafka, as they are made.
type looks struct {
	mu   sync.Mutex
	all  []scalers.Evaluation
	more chan struct{} // closed at the next look
	end  error
}

// follow collects until ctx ends.
func follow(ctx context.Context, scaler scalers.Scaler) *looks {
	l := &looks{more: make(chan struct{})}
	watcher, ok := scaler.(scalers.Watcher)
	if !ok {
		l.end = errors.New("the trigger is refused")
		return l
	}
	go func() {
		err := watcher.Watch(ctx, func(evaluation scalers.Evaluation) error {
			l.add(evaluation)
			return nil
		})
		l.finish(err)
	}()
	return l
}

func (l *looks) add(evaluation scalers.Evaluation) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = append(l.all, evaluation)
	close(l.more)
	l.more = make(chan struct{})
}

func (l *looks) finish(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.end = errors.Join(errors.New("the watch ended"), err)
	close(l.more)
}

// after waits for the first look that began at that time or later.
func (l *looks) after(ctx context.Context, at time.Time) (scalers.Evaluation, error) {
	for {
		evaluation, found, more, err := l.find(at)
		if found || err != nil {
			return evaluation, err
		}
		select {
		case <-ctx.Done():
			return scalers.Evaluation{}, ctx.Err()
		case <-more:
		}
	}
}

func (l *looks) find(at time.Time) (evaluation scalers.Evaluation, found bool, more <-chan struct{}, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, look := range l.all {
		if !look.ObservedAt.Before(at) {
			return look, true, nil, nil
		}
	}
	return scalers.Evaluation{}, false, l.more, l.end
}

// errTooSlow says that this machine did not look often enough for a comparison to mean anything.
var errTooSlow = errors.New("lagwise looked at Kafka too late to be compared")

// across makes a change and returns the first evaluation that compares what came after it with what was before. The
// state must not have changed since the call, other than by the change.
func (l *looks) across(ctx context.Context, interval time.Duration, change func() error) (scalers.Evaluation, error) {
	first, err := l.after(ctx, time.Now())
	if err != nil {
		return scalers.Evaluation{}, err
	}
	// Once it has been seen for two intervals, every observation that is one interval old is of the state before.
	before, err := l.after(ctx, first.ObservedAt.Add(2*interval))
	if err != nil {
		return scalers.Evaluation{}, err
	}
	if err := change(); err != nil {
		return scalers.Evaluation{}, err
	}
	after, err := l.after(ctx, time.Now())
	if err != nil {
		return scalers.Evaluation{}, err
	}
	// What lagwise held this against is an interval older than it, and must not be younger than before.
	if after.ObservedAt.Sub(before.ObservedAt) > interval || l.longestGap() > interval/2 {
		return scalers.Evaluation{}, errTooSlow
	}
	return after, nil
}

// longestGap is the longest time without a look.
func (l *looks) longestGap() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	var longest time.Duration
	for i := 1; i < len(l.all); i++ {
		longest = max(longest, l.all[i].ObservedAt.Sub(l.all[i-1].ObservedAt))
	}
	return longest
}
