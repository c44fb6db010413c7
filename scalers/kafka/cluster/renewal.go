package cluster

import (
	"context"
	"errors"
	"sync"
	"time"
)

// A request to a group's coordinator that nobody waits for any more stays with its client until the coordinator answers.
// librdkafka would end it after longestRequest, and abort the process when the coordinator comes up after that (librdkafka
// issue 4605). So the client goes first.
const (
	// renewAfter is how long a client may hold such requests.
	renewAfter = longestRequest / 2
	// renewAbove is how many it may hold: a coordinator that comes back answers all of them.
	renewAbove = 1000
)

// renewal is a source that exchanges its client for a new one before requests that were left to it become dangerous.
type renewal struct {
	open func() (source, error)
	left leftRequests

	mu      sync.Mutex
	current *used
}

// used is a client and the requests under way on it.
type used struct {
	source
	requests sync.WaitGroup
}

func openRenewed(open func() (source, error)) (*renewal, error) {
	client, err := open()
	if err != nil {
		return nil, err
	}
	return &renewal{open: open, current: &used{source: client}}, nil
}

func (r *renewal) describe(ctx context.Context, topics []string) (map[string]topicState, error) {
	client := r.use()
	defer client.requests.Done()
	return client.describe(ctx, topics)
}

func (r *renewal) list(ctx context.Context) ([]string, error) {
	client := r.use()
	defer client.requests.Done()
	return client.list(ctx)
}

func (r *renewal) offsets(ctx context.Context, end end, partitions []partition) (map[partition]offsetState, error) {
	client := r.use()
	defer client.requests.Done()
	return client.offsets(ctx, end, partitions)
}

func (r *renewal) since(ctx context.Context, at time.Time, partitions []partition) (map[partition]firstState, error) {
	client := r.use()
	defer client.requests.Done()
	return client.since(ctx, at, partitions)
}

func (r *renewal) committed(ctx context.Context, group string, partitions []partition) (map[partition]commitState, error) {
	client := r.use()
	defer client.requests.Done()
	commits, err := client.committed(ctx, group, partitions)
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		r.left.add(time.Now())
	}
	return commits, err
}

// poll is called all the time, which makes it the place to look at the clock.
func (r *renewal) poll(wait time.Duration) error {
	if r.left.tooOldOrMany(time.Now()) {
		if err := r.renew(); err != nil {
			return err
		}
	}
	client := r.use()
	defer client.requests.Done()
	return client.poll(wait)
}

func (r *renewal) close() error {
	client := r.use()
	defer client.requests.Done()
	return letGo(client.close)
}

// use keeps the present client from being closed until its requests are done.
func (r *renewal) use() *used {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.current.requests.Add(1)
	return r.current
}

// renew lets the requests under way on the old client end before it closes it.
func (r *renewal) renew() error {
	client, err := r.open()
	if err != nil {
		return err
	}
	r.mu.Lock()
	old := r.current
	r.current = &used{source: client}
	r.mu.Unlock()
	old.requests.Wait()
	r.left.forget()
	return letGo(old.close)
}

// leftRequests counts requests that nobody waits for any more.
type leftRequests struct {
	mu    sync.Mutex
	count int
	first time.Time
}

func (l *leftRequests) add(now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.count == 0 {
		l.first = now
	}
	l.count++
}

func (l *leftRequests) tooOldOrMany(now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.count > renewAbove || (l.count > 0 && now.Sub(l.first) >= renewAfter)
}

func (l *leftRequests) forget() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.count = 0
}
