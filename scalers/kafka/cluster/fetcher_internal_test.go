package cluster

import (
	"context"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/kversion"
)

// quickly is within what a record is found where a request waits for it, with time for a busy machine; fetchesWait is how long requests wait.
const (
	quickly     = time.Second
	fetchesWait = 5 * time.Second
)

// runFetcher runs a fetcher of the brokers until the test ends, and hands on what it finds.
func runFetcher(t *testing.T, brokers *testBrokers, isolation int8) (endFetcher, <-chan record) {
	t.Helper()
	client, err := openClient(Connection{Name: "test", BootstrapServers: brokers.ListenAddrs()}, Options{RequestTimeout: quick}.withDefaults())
	if err != nil {
		t.Fatal(err)
	}
	fetcher := endFetcher{newFetchLoops(client, endsOnly(fetchesWait), isolation)}
	found := make(chan record, 100)
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error)
	go func() { ended <- fetcher.run(ctx, func(at partition, offset int64) { found <- record{at, offset} }) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return fetcher, found
}

func (b *testBrokers) produce(t *testing.T, id int32) {
	t.Helper()
	if err := b.producer.ProduceSync(t.Context(), &kgo.Record{Topic: "orders", Partition: id}).FirstErr(); err != nil {
		t.Fatal(err)
	}
}

func wantFound(t *testing.T, found <-chan record, want record, within time.Duration) {
	t.Helper()
	select {
	case is := <-found:
		if is != want {
			t.Errorf("found %v, want %v", is, want)
		}
	case <-time.After(within):
		t.Fatalf("%v was not found within %s", want, within)
	}
}

func wantNothing(t *testing.T, found <-chan record) {
	t.Helper()
	select {
	case is := <-found:
		t.Errorf("found %v, want nothing", is)
	case <-time.After(200 * time.Millisecond):
	}
}

// fetches counts the requests that arrive at the brokers, and keeps the latest.
type fetches struct {
	mu       sync.Mutex
	requests []*kmsg.FetchRequest
	arrived  chan struct{}
}

func watchFetches(brokers *testBrokers) *fetches {
	seen := &fetches{arrived: make(chan struct{}, 1000)}
	brokers.ControlKey(int16(kmsg.Fetch), func(request kmsg.Request) (kmsg.Response, error, bool) {
		brokers.KeepControl()
		seen.mu.Lock()
		defer seen.mu.Unlock()
		seen.requests = append(seen.requests, request.(*kmsg.FetchRequest)) //nolint:forcetypeassert // its own key
		seen.arrived <- struct{}{}
		return nil, nil, false
	})
	return seen
}

func (f *fetches) await(t *testing.T, count int) {
	t.Helper()
	for range count {
		select {
		case <-f.arrived:
		case <-time.After(5 * time.Second):
			t.Fatal("no request came")
		}
	}
}

func (f *fetches) latest() *kmsg.FetchRequest {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.requests[len(f.requests)-1]
}

func TestAFetcherFindsTheFirstRecordOfEachPartitionAtOnce(t *testing.T) {
	t.Parallel()
	brokers := startBrokers(t, quick)
	seen := watchFetches(brokers)
	fetcher, found := runFetcher(t, brokers, readUncommitted)
	ends := map[partition]int64{{"orders", 0}: 1, {"orders", 1}: 2, {"orders", 2}: 3}
	fetcher.assign(ends)
	seen.await(t, 3)
	for _, at := range slices.SortedFunc(maps.Keys(ends), comparePartitions) {
		brokers.produce(t, at.id)
		wantFound(t, found, record{at, ends[at]}, quickly)
		brokers.produce(t, at.id)
	}
	wantNothing(t, found)
	fetcher.assign(map[partition]int64{{"orders", 1}: 4})
	seen.await(t, 1)
	wantNothing(t, found)
	brokers.produce(t, 1)
	wantFound(t, found, record{partition{"orders", 1}, 4}, quickly)
	fetcher.assign(map[partition]int64{{"orders", 2}: 4})
	wantFound(t, found, record{partition{"orders", 2}, 4}, quickly)
}

// A broker is named what changed since the request before, not every partition with each request.
func TestAFetchSessionNamesWhatChanged(t *testing.T) {
	t.Parallel()
	brokers := startBrokers(t, quick, kfake.SeedTopics(50, "quiet"))
	for id := range int32(50) {
		if err := brokers.MoveTopicPartition("quiet", id, 0); err != nil {
			t.Fatal(err)
		}
	}
	seen := watchFetches(brokers)
	fetcher, found := runFetcher(t, brokers, readUncommitted)
	wanted := map[partition]int64{{"orders", 0}: 1}
	for id := range int32(50) {
		wanted[partition{"quiet", id}] = 0
	}
	fetcher.assign(wanted)
	seen.await(t, 1)
	if first := seen.latest(); len(first.Topics) != 2 || first.SessionEpoch != 0 {
		t.Fatalf("the first request names %d topics, epoch %d", len(first.Topics), first.SessionEpoch)
	}
	brokers.produce(t, 0)
	wantFound(t, found, record{partition{"orders", 0}, 1}, quickly)
	seen.await(t, 1)
	next := seen.latest()
	if len(next.Topics) != 0 || len(next.ForgottenTopics) != 1 || next.SessionID == 0 || next.SessionEpoch != 1 {
		t.Errorf("the next request names %d topics, forgets %d; session %d, epoch %d", len(next.Topics), len(next.ForgottenTopics), next.SessionID, next.SessionEpoch)
	}
}

func TestAFetcherFollowsThePartitionToItsNewLeader(t *testing.T) {
	t.Parallel()
	brokers := startBrokers(t, quick)
	seen := watchFetches(brokers)
	fetcher, found := runFetcher(t, brokers, readUncommitted)
	at := partition{"orders", 0}
	fetcher.assign(map[partition]int64{at: 1})
	seen.await(t, 1)
	if err := brokers.MoveTopicPartition("orders", 0, 2); err != nil {
		t.Fatal(err)
	}
	brokers.produce(t, 0)
	wantFound(t, found, record{at, 1}, fetchesWait+quickly)
}

// A topic that was made again is shorter than what is waited for.
func TestALogThatEndsEarlierIsNews(t *testing.T) {
	t.Parallel()
	fetcher, found := runFetcher(t, startBrokers(t, quick), readUncommitted)
	at := partition{"orders", 0}
	fetcher.assign(map[partition]int64{at: 700})
	wantFound(t, found, record{at, 700}, quickly)
}

// Brokers forget the sessions that they have no room for.
func TestAFetcherBeginsALostSessionAnew(t *testing.T) {
	t.Parallel()
	for _, code := range []*kerr.Error{kerr.FetchSessionIDNotFound, kerr.InvalidFetchSessionEpoch, kerr.UnknownServerError} {
		t.Run(code.Message, func(t *testing.T) {
			t.Parallel()
			brokers := startBrokers(t, quick)
			fetcher, found := runFetcher(t, brokers, readUncommitted)
			lost := make(chan struct{})
			brokers.ControlKey(int16(kmsg.Fetch), func(request kmsg.Request) (kmsg.Response, error, bool) {
				fetch := request.(*kmsg.FetchRequest)                //nolint:forcetypeassert // its own key
				answer := fetch.ResponseKind().(*kmsg.FetchResponse) //nolint:forcetypeassert // its own response
				answer.ErrorCode = code.Code
				close(lost)
				return answer, nil, true
			})
			at := partition{"orders", 0}
			fetcher.assign(map[partition]int64{at: 1})
			<-lost
			brokers.produce(t, 0)
			wantFound(t, found, record{at, 1}, 5*quickly)
		})
	}
}

// Before Kafka 1.1 there are no sessions.
func TestAFetcherNamesEverythingWithoutSessions(t *testing.T) {
	t.Parallel()
	versions := kversion.Stable()
	versions.SetMaxKeyVersion(int16(kmsg.Fetch), 6)
	brokers := startBrokers(t, quick, kfake.MaxVersions(versions))
	seen := watchFetches(brokers)
	fetcher, found := runFetcher(t, brokers, readUncommitted)
	fetcher.assign(map[partition]int64{{"orders", 0}: 1})
	seen.await(t, 1)
	for end := int64(1); end < 4; end++ {
		brokers.produce(t, 0)
		wantFound(t, found, record{partition{"orders", 0}, end}, quickly)
		fetcher.assign(map[partition]int64{{"orders", 0}: end + 1})
		seen.await(t, 1)
	}
}

func TestAnUnassignedPartitionIsNotFound(t *testing.T) {
	t.Parallel()
	brokers := startBrokers(t, quick)
	seen := watchFetches(brokers)
	fetcher, found := runFetcher(t, brokers, readUncommitted)
	fetcher.assign(map[partition]int64{{"orders", 0}: 1, {"orders", 1}: 2})
	seen.await(t, 2)
	fetcher.unassign([]partition{{"orders", 0}, {"orders", 2}})
	brokers.produce(t, 0)
	wantNothing(t, found)
	brokers.produce(t, 1)
	wantFound(t, found, record{partition{"orders", 1}, 2}, quickly)
}

// A broker that is away costs the others nothing, and is asked again when it leads something.
func TestAnAbsentBrokerDelaysNoOther(t *testing.T) {
	t.Parallel()
	brokers := startBrokers(t, quick)
	fetcher, found := runFetcher(t, brokers, readUncommitted)
	brokers.silence(0)
	fetcher.assign(map[partition]int64{{"orders", 0}: 1, {"orders", 1}: 2})
	for end := int64(2); end < 6; end++ {
		brokers.produce(t, 1)
		wantFound(t, found, record{partition{"orders", 1}, end}, quickly)
		fetcher.assign(map[partition]int64{{"orders", 1}: end + 1})
	}
}
