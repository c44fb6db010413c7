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

// renewal is a source that exchanges its client for a new one: before requests that were left to it become dangerous, and
// when the connection's credentials are exchanged.
type renewal struct {
	open func(Connection) (source, error)
	left leftRequests
	// exchanging keeps two exchanges apart.
	exchanging sync.Mutex

	mu         sync.Mutex
	connection Connection
	current    *used
}

// used is a client and the requests under way on it.
type used struct {
	source
	requests sync.WaitGroup
}

// openRenewed opens the first client. Where librdkafka refuses the connection's settings, every question is answered with
// that.
func openRenewed(connection Connection, open func(Connection) (source, error)) (opened *renewal, err error) {
	client, err := open(connection)
	if err != nil {
		client = broken{faultOf("connection "+connection.Name, err)}
	}
	return &renewal{open: open, connection: connection, current: &used{source: client}}, err
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
	r.noteLeft(err)
	return commits, err
}

func (r *renewal) members(ctx context.Context, group string) (groupState, error) {
	client := r.use()
	defer client.requests.Done()
	state, err := client.members(ctx, group)
	r.noteLeft(err)
	return state, err
}

// noteLeft counts a request to a coordinator for which nobody has waited to the end.
func (r *renewal) noteLeft(err error) {
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		r.left.add(time.Now())
	}
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

// renew opens the same connection again.
func (r *renewal) renew() error {
	r.exchanging.Lock()
	defer r.exchanging.Unlock()
	r.mu.Lock()
	connection := r.connection
	r.mu.Unlock()
	client, err := r.open(connection)
	if err != nil {
		return err
	}
	return r.exchange(connection, client)
}

// exchange lets the requests under way on the old client end before it closes it.
func (r *renewal) exchange(connection Connection, client source) error {
	r.mu.Lock()
	old := r.current
	r.connection, r.current = connection, &used{source: client}
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
