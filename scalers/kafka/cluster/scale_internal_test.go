package cluster

import (
	"context"
	"fmt"
	"runtime"
	"sync/atomic"
	"testing"
	"time"
)

// BenchmarkThirtyThousand runs one session with 30,000 groups on 1,000 topics, the number that users asked KEDA for. Its
// Kafka costs nothing, so what is measured is the session's own: the memory of its triggers, a refresh while nothing
// moves, one in which every log has moved, and how soon everybody
// has heard of a record on every topic.
func BenchmarkThirtyThousand(b *testing.B) {
	const groups, topics = 30_000, 1_000
	before := heap()
	kafka := &endless{}
	s := newSession(Connection{Name: "fake"}, Options{RefreshInterval: time.Hour}.withDefaults(), func(s *session, left *Subscription) { s.remove(left) })
	s.open = func(Connection, Options) (client, error) { return kafka, nil }
	quiet := s.lanes[false]
	quiet.tails = newTails(Connection{}, func(Connection) (fetcher, error) { return silent{}, nil }, time.Second, s.brokers, s.wakeUp, s.log)
	s.lanes[false] = quiet
	subscriptions := make([]*Subscription, groups)
	heard := make([]<-chan struct{}, groups)
	for i := range subscriptions {
		subscriptions[i] = s.join(Want{Group: fmt.Sprintf("g-%05d", i), Topics: []string{fmt.Sprintf("t-%04d", i%topics)}})
		heard[i], _ = subscriptions[i].Listen()
	}
	running, stop := context.WithCancel(b.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.run(running) }()
	defer func() {
		stop()
		if err := <-ended; err != nil {
			b.Error(err)
		}
	}()
	await(heard)

	var idle, moved, told time.Duration
	for b.Loop() {
		arm(b, subscriptions)
		idle += refreshOnce(b, s, kafka)
		await(heard)

		kafka.end.Add(1)
		began := time.Now()
		for topic := range topics {
			quiet.tails.hit(partition{fmt.Sprintf("t-%04d", topic), 0}, kafka.end.Load())
		}
		await(heard)
		told += time.Since(began)

		kafka.end.Add(1)
		moved += refreshOnce(b, s, kafka)
		await(heard)
		time.Sleep(restReset) // a subscription that was woken just now is not woken at full speed
	}
	b.ReportMetric(float64(heap()-before)/(1<<20), "heap-in-MiB")
	perLoop := func(total time.Duration) float64 { return float64(total.Milliseconds()) / float64(b.N) }
	b.ReportMetric(perLoop(idle), "refresh-while-nothing-moves-in-ms")
	b.ReportMetric(perLoop(moved), "refresh-while-everything-moves-in-ms")
	b.ReportMetric(perLoop(told), "fan-out-of-a-record-on-each-topic-in-ms")
	runtime.KeepAlive(subscriptions)
}

// heap is what is in use after a collection.
func heap() int64 {
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapAlloc)
}

// await returns when everybody has been told of a new observation.
func await(heard []<-chan struct{}) {
	for _, signal := range heard {
		<-signal
	}
}

func arm(b *testing.B, subscriptions []*Subscription) {
	b.Helper()
	for _, subscription := range subscriptions {
		view, err := subscription.View(b.Context())
		if err != nil {
			b.Fatal(err)
		}
		subscription.Arm(view.Latest.Partitions)
	}
}

func refreshOnce(b *testing.B, s *session, kafka client) time.Duration {
	b.Helper()
	began := time.Now()
	s.observe(b.Context(), kafka, s.everybody(), false, func(_ *Subscription, of result) {
		if of.fault != nil {
			b.Fatal(of.fault)
		}
	})
	return time.Since(began)
}

// endless is a Kafka that has every topic, of three partitions, and every group. All logs end at one offset, and all groups have read them to
// their ends.
type endless struct{ end atomic.Int64 }

func (*endless) describeTopics(_ context.Context, topics []string) (map[string]topicState, error) {
	states := make(map[string]topicState, len(topics))
	for _, topic := range topics {
		states[topic] = topicState{partitions: []int32{0, 1, 2}}
	}
	return states, nil
}

func (*endless) listTopics(context.Context) ([]string, error) { return nil, nil }

func (*endless) ping(context.Context) error { return nil }

func (e *endless) listOffsets(_ context.Context, _ offsetSpec, partitions []partition, answered func(map[partition]offsetState)) {
	answered(sameAnswer(partitions, offsetState{offset: e.end.Load(), found: true}))
}

func (e *endless) fetchOffsets(_ context.Context, groups map[string][]partition, answered func(map[string]groupCommits)) {
	states := make(map[string]groupCommits, len(groups))
	for group, partitions := range groups {
		states[group] = groupCommits{commits: sameAnswer(partitions, commitState{offset: e.end.Load(), committed: true})}
	}
	answered(states)
}

func (*endless) describeGroups(_ context.Context, groups []string, answered func(map[string]groupState)) {
	answered(sameAnswer(groups, groupState{}))
}

func (*endless) shareGroups(_ context.Context, groups []string, answered func(map[string]bool)) {
	answered(sameAnswer(groups, false))
}

func (*endless) brokers() int { return 3 }

func (*endless) throttled(time.Time) error { return nil }

func (*endless) close() {}

// silent is a fetcher that finds nothing.
type silent struct{}

func (silent) assign(map[partition]int64) {}
func (silent) unassign([]partition)       {}

func (silent) run(ctx context.Context, _ func(partition, int64)) error {
	<-ctx.Done()
	return nil
}
