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
