package cluster

import (
	"context"
	"sync"
	"time"
)

// rotatingClient is a client that is exchanged for another one when the connection's credentials change. Requests that are under way
// end on the client that they began with.
type rotatingClient struct {
	open func(Connection) (client, error)
	// exchanging keeps two exchanges apart.
	exchanging sync.Mutex

	mu      sync.Mutex
	current *usedClient
}

// usedClient is a client and the requests that are under way on it.
type usedClient struct {
	client
	requests sync.WaitGroup
}

// openRotating opens the first client. Where its settings are refused, every question is answered with that.
func openRotating(connection Connection, open func(Connection) (client, error)) (opened *rotatingClient, err error) {
	first, err := open(connection)
	if err != nil {
		first = refusedClient{faultOf("connection "+connection.Name, err)}
	}
	return &rotatingClient{open: open, current: &usedClient{client: first}}, err
}

// use keeps the present client from being closed until done is called.
func (r *rotatingClient) use() (present client, done func()) { //nolint:ireturn // a real client or a refused one
	r.mu.Lock()
	defer r.mu.Unlock()
	r.current.requests.Add(1)
	return r.current.client, r.current.requests.Done
}

func (r *rotatingClient) describeTopics(ctx context.Context, topics []string) (map[string]topicState, error) {
	present, done := r.use()
	defer done()
	return present.describeTopics(ctx, topics)
}

func (r *rotatingClient) listTopics(ctx context.Context) ([]string, error) {
	present, done := r.use()
	defer done()
	return present.listTopics(ctx)
}

func (r *rotatingClient) ping(ctx context.Context) error {
	present, done := r.use()
	defer done()
	return present.ping(ctx)
}

func (r *rotatingClient) listOffsets(ctx context.Context, spec offsetSpec, partitions []partition, answered func(map[partition]offsetState)) {
	present, done := r.use()
	defer done()
	present.listOffsets(ctx, spec, partitions, answered)
}

func (r *rotatingClient) fetchOffsets(ctx context.Context, groups map[string][]partition, answered func(map[string]groupCommits)) {
	present, done := r.use()
	defer done()
	present.fetchOffsets(ctx, groups, answered)
}

func (r *rotatingClient) describeGroups(ctx context.Context, groups []string, answered func(map[string]groupState)) {
	present, done := r.use()
	defer done()
	present.describeGroups(ctx, groups, answered)
}

func (r *rotatingClient) shareGroups(ctx context.Context, groups []string, answered func(map[string]bool)) {
	present, done := r.use()
	defer done()
	present.shareGroups(ctx, groups, answered)
}

func (r *rotatingClient) throttled(now time.Time) error {
	present, done := r.use()
	defer done()
	return present.throttled(now)
}

func (r *rotatingClient) brokers() int {
	present, done := r.use()
	defer done()
	return present.brokers()
}

func (r *rotatingClient) close() {
	present, done := r.use()
	defer done()
	present.close()
}

// carryOver opens a client with the connection's credentials, and puts it in the place of the present one when Kafka has
// answered it.
func (r *rotatingClient) carryOver(ctx context.Context, connection Connection) error {
	r.exchanging.Lock()
	defer r.exchanging.Unlock()
	next, err := r.open(connection)
	if err != nil {
		return err
	}
	if err := next.ping(ctx); err != nil {
		next.close()
		return err
	}
	r.mu.Lock()
	old := r.current
	r.current = &usedClient{client: next}
	r.mu.Unlock()
	old.requests.Wait()
	old.close()
	return nil
}

// refusedClient stands for a client that could not be opened, because the connection's settings are refused. Each question is
// answered with the reason; a corrected connection is another connection, with a session of its own.
type refusedClient struct{ fault *Fault }

func (c refusedClient) describeTopics(context.Context, []string) (map[string]topicState, error) {
	return nil, c.fault
}

func (c refusedClient) listTopics(context.Context) ([]string, error) { return nil, c.fault }

func (c refusedClient) ping(context.Context) error { return c.fault }

func (c refusedClient) listOffsets(_ context.Context, _ offsetSpec, partitions []partition, answered func(map[partition]offsetState)) {
	answered(sameAnswer(partitions, offsetState{err: c.fault}))
}

func (c refusedClient) fetchOffsets(_ context.Context, groups map[string][]partition, answered func(map[string]groupCommits)) {
	states := make(map[string]groupCommits, len(groups))
	for group := range groups {
		states[group] = groupCommits{err: c.fault}
	}
	answered(states)
}

func (c refusedClient) describeGroups(_ context.Context, groups []string, answered func(map[string]groupState)) {
	answered(sameAnswer(groups, groupState{err: c.fault}))
}

func (c refusedClient) shareGroups(_ context.Context, groups []string, answered func(map[string]bool)) {
	answered(sameAnswer(groups, false))
}

func (refusedClient) throttled(time.Time) error { return nil }

func (refusedClient) brokers() int { return 0 }

func (refusedClient) close() {}

// sameAnswer answers every question alike.
func sameAnswer[Key comparable, Answer any](keys []Key, answer Answer) map[Key]Answer {
	answers := make(map[Key]Answer, len(keys))
	for _, key := range keys {
		answers[key] = answer
	}
	return answers
}
