package cluster_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"
	"go.uber.org/goleak"

	"github.com/lagwise/lagwise/scalers/kafka/cluster"
	"github.com/lagwise/lagwise/scalers/lag"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// Time in these tests is that of testing/synctest: it stands still while anything works.
const (
	refreshInterval = 5 * time.Second
	maxSnapshotAge  = 15 * time.Second
	requestTimeout  = 5 * time.Second
	// handlerTime is how long a question may take.
	handlerTime = 1350 * time.Millisecond
)

// observed is a fake cluster and a pool that observes it until the test ends. It must be called inside a bubble of
// synctest.
func observed(t *testing.T, options cluster.Options) (*cluster.FakeKafka, *cluster.Pool) {
	t.Helper()
	if options.RefreshInterval == 0 {
		options.RefreshInterval = refreshInterval
	}
	options.MaxSnapshotAge, options.RequestTimeout = maxSnapshotAge, requestTimeout
	fake := cluster.NewFakeKafka()
	pool := cluster.NewPoolOn(fake, options)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- pool.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("Run: %v", err)
		}
		if opened, closed := fake.Clients(); opened != closed {
			t.Errorf("%d clients were opened and %d closed", opened, closed)
		}
	})
	return fake, pool
}

func payments() cluster.Connection {
	return cluster.Connection{Name: "payments", BootstrapServers: []string{"kafka:9092"}}
}

// subscribe wants a group's position in topics; no topics means all that it has commits in.
func subscribe(t *testing.T, pool *cluster.Pool, group string, topics ...string) *cluster.Subscription {
	t.Helper()
	return subscribeFor(t, pool, cluster.Want{Group: group, Topics: topics})
}

func subscribeFor(t *testing.T, pool *cluster.Pool, want cluster.Want) *cluster.Subscription {
	t.Helper()
	subscription, err := pool.Subscribe(payments(), want)
	if err != nil {
		t.Fatal(err)
	}
	return subscription
}

// view asks in the time of a gRPC handler.
func view(t *testing.T, subscription *cluster.Subscription) (lag.View, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), handlerTime)
	defer cancel()
	return subscription.View(ctx)
}

// partitions is what is known at present.
func partitions(t *testing.T, subscription *cluster.Subscription) []lag.Partition {
	t.Helper()
	seen, err := view(t, subscription)
	if err != nil {
		t.Fatal(err)
	}
	return seen.Latest.Partitions
}

// wantEnd expects the topic's only partition to end at an offset.
func wantEnd(t *testing.T, subscription *cluster.Subscription, end int64) {
	t.Helper()
	got := partitions(t, subscription)
	if len(got) != 1 || got[0].End != end {
		t.Errorf("observed %+v, want one partition that ends at %d", got, end)
	}
}

// wantFault expects no answer, for a reason of the kind that is told with the words.
func wantFault(t *testing.T, subscription *cluster.Subscription, kind cluster.Kind, words ...string) {
	t.Helper()
	seen, err := view(t, subscription)
	fault, ok := errors.AsType[*cluster.Fault](err)
	if !ok {
		t.Fatalf("observed %+v, %v, want a fault", seen.Latest, err)
	}
	if fault.Kind != kind {
		t.Errorf("kind %d, want %d: %v", fault.Kind, kind, err)
	}
	for _, word := range words {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("%q is not told in: %v", word, err)
		}
	}
}

// wait lets time pass, and then everything that it brought come to rest.
func wait(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// count counts the requests with one question.
func count(calls []cluster.Call, question cluster.Question) (n int) {
	for _, call := range calls {
		if call.Question == question {
			n++
		}
	}
	return n
}

// dead is a cluster that refuses every request at once.
func dead(context.Context, cluster.Call) error {
	return kafka.NewError(kafka.ErrTransport, "connection refused", false)
}

// hung is a cluster that takes requests and never answers.
func hung(ctx context.Context, _ cluster.Call) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(requestTimeout):
		return kafka.NewError(kafka.ErrTimedOut, "timed out waiting for the broker", false)
	}
}
