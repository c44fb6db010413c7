package cluster

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/kversion"
)

// quick is how long a broker of these tests may take that is not silent.
const quick = time.Second

// testBrokers is a cluster of three brokers in this process, a client of the product, and one that prepares what it is asked for.
type testBrokers struct {
	*kfake.Cluster
	client   *brokerClient
	producer *kgo.Client
	admin    *kadm.Client
}

// startBrokers makes a topic "orders" of three partitions, each led by a broker of its own, with id+1 records in each.
func startBrokers(t *testing.T, timeout time.Duration, options ...kfake.Opt) *testBrokers {
	t.Helper()
	cluster, err := kfake.NewCluster(append(options, kfake.NumBrokers(3), kfake.SeedTopics(3, "orders"))...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cluster.Close)
	for id := range int32(3) {
		if err := cluster.MoveTopicPartition("orders", id, id); err != nil {
			t.Fatal(err)
		}
	}
	client, err := openClient(Connection{Name: "test", BootstrapServers: cluster.ListenAddrs()}, Options{RequestTimeout: timeout}.withDefaults())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.close)
	producer, err := kgo.NewClient(kgo.SeedBrokers(cluster.ListenAddrs()...), kgo.RecordPartitioner(kgo.ManualPartitioner()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(producer.Close)
	for id := range int32(3) {
		for range id + 1 {
			if err := producer.ProduceSync(t.Context(), &kgo.Record{Topic: "orders", Partition: id}).FirstErr(); err != nil {
				t.Fatal(err)
			}
		}
	}
	return &testBrokers{cluster, client, producer, kadm.NewClient(producer)}
}

func (b *testBrokers) commit(t *testing.T, group string, offset int64) {
	t.Helper()
	offsets := kadm.Offsets{}
	offsets.AddOffset("orders", 0, offset, -1)
	if err := b.admin.CommitAllOffsets(t.Context(), group, offsets); err != nil {
		t.Fatal(err)
	}
}

// silence keeps brokers from answering, other than to new connections.
func (b *testBrokers) silence(brokers ...int32) {
	b.Control(func(request kmsg.Request) (kmsg.Response, error, bool) {
		b.KeepControl()
		return nil, nil, slices.Contains(brokers, b.CurrentNode()) && request.Key() != int16(kmsg.ApiVersions)
	})
}

func orders() []partition { return []partition{{"orders", 0}, {"orders", 1}, {"orders", 2}} }

// collected are the answers of one call, by what was asked, and when each came.
type collected[Key comparable, Answer any] struct {
	mu      sync.Mutex
	began   time.Time
	answers map[Key]Answer
	took    map[Key]time.Duration
	twice   []Key
}

func collect[Key comparable, Answer any](ask func(answered func(map[Key]Answer))) *collected[Key, Answer] {
	c := &collected[Key, Answer]{began: time.Now(), answers: map[Key]Answer{}, took: map[Key]time.Duration{}}
	ask(func(answers map[Key]Answer) {
		c.mu.Lock()
		defer c.mu.Unlock()
		for key, answer := range answers {
			if _, again := c.answers[key]; again {
				c.twice = append(c.twice, key)
			}
			c.answers[key], c.took[key] = answer, time.Since(c.began)
		}
	})
	return c
}

func (b *testBrokers) ends(t *testing.T) *collected[partition, offsetState] {
	t.Helper()
	if _, err := b.client.describeTopics(t.Context(), []string{"orders"}); err != nil {
		t.Fatal(err)
	}
	return b.list(t, offsetSpec{kind: logEnd})
}

func (b *testBrokers) list(t *testing.T, spec offsetSpec) *collected[partition, offsetState] {
	t.Helper()
	got := collect(func(answered func(map[partition]offsetState)) {
		b.client.listOffsets(t.Context(), spec, orders(), answered)
	})
	if len(got.answers) != 3 || len(got.twice) > 0 {
		t.Errorf("answers %+v, twice %v", got.answers, got.twice)
	}
	return got
}

func wantOffset(t *testing.T, got offsetState, want int64) {
	t.Helper()
	if got.err != nil || got.offset != want || !got.found {
		t.Errorf("got %+v, want the offset %d", got, want)
	}
}

func (b *testBrokers) fetch(t *testing.T, groups ...string) *collected[string, groupCommits] {
	t.Helper()
	wanted := map[string][]partition{}
	for _, group := range groups {
		wanted[group] = orders()
	}
	got := collect(func(answered func(map[string]groupCommits)) { b.client.fetchOffsets(t.Context(), wanted, answered) })
	if len(got.answers) != len(groups) || len(got.twice) > 0 {
		t.Errorf("%d answers for %d groups, twice %v", len(got.answers), len(groups), got.twice)
	}
	return got
}

func wantCommit(t *testing.T, got groupCommits, want int64) {
	t.Helper()
	at := orders()
	if got.err != nil || got.commits[at[0]] != (commitState{offset: want, committed: true}) || got.commits[at[1]] != (commitState{}) {
		t.Errorf("got %+v, want %d in partition 0 and nothing in 1", got, want)
	}
}

func TestOffsetsOfEveryKind(t *testing.T) {
	t.Parallel()
	b := startBrokers(t, time.Minute)
	for id, at := range orders() {
		wantOffset(t, b.ends(t).answers[at], int64(id)+1)
		wantOffset(t, b.list(t, offsetSpec{kind: stableEnd}).answers[at], int64(id)+1)
		wantOffset(t, b.list(t, offsetSpec{kind: logStart}).answers[at], 0)
		wantOffset(t, b.list(t, offsetSpec{kind: byTime, at: time.Now().Add(-time.Hour).UnixMilli()}).answers[at], 0)
		if got := b.list(t, offsetSpec{kind: byTime, at: time.Now().Add(time.Hour).UnixMilli()}).answers[at]; got.found || got.err != nil {
			t.Errorf("of an hour to come: %+v", got)
		}
	}
}

func TestTopicsThatDoNotExist(t *testing.T) {
	t.Parallel()
	b := startBrokers(t, time.Minute)
	states, err := b.client.describeTopics(t.Context(), []string{"orders", "absent", "not a name"})
	if err != nil || len(states["orders"].partitions) != 3 || states["orders"].unreadable {
		t.Errorf("got %+v, %v", states, err)
	}
	for topic, kind := range map[string]Kind{"absent": UnknownTopic, "not a name": UnknownTopic} {
		if got := states[topic].err; got == nil || kindOf(got) != kind {
			t.Errorf("%s: %v", topic, got)
		}
	}
	names, err := b.client.listTopics(t.Context())
	if err != nil || !slices.Contains(names, "orders") || slices.Contains(names, "absent") {
		t.Errorf("names %v, %v", names, err)
	}
}

// A broker of the metadata may lead no longer when it is asked.
func TestALeaderThatMovedIsAskedAtOnce(t *testing.T) {
	t.Parallel()
	b := startBrokers(t, time.Minute)
	b.ends(t)
	for id := range int32(3) {
		if err := b.MoveTopicPartition("orders", id, (id+1)%3); err != nil {
			t.Fatal(err)
		}
	}
	time.Sleep(routeAge)
	got := b.list(t, offsetSpec{kind: logEnd})
	for id, at := range orders() {
		wantOffset(t, got.answers[at], int64(id)+1)
	}
}

func TestACoordinatorThatMovedIsAskedAtOnce(t *testing.T) {
	t.Parallel()
	b := startBrokers(t, time.Minute)
	var groups []string
	for i := range 20 {
		groups = append(groups, fmt.Sprintf("group-%d", i))
		b.commit(t, groups[i], int64(i))
	}
	b.fetch(t, groups...)
	for range 3 {
		b.RehashCoordinators()
		got := b.fetch(t, groups...)
		for i, group := range groups {
			wantCommit(t, got.answers[group], int64(i))
		}
	}
}

// Brokers before Kafka 3.0 answer for one group at a time, and look up one coordinator at a time.
func TestGroupsOfOldBrokers(t *testing.T) {
	t.Parallel()
	for name, versions := range map[string]*kversion.Versions{"2.4": kversion.V2_4_0(), "2.8": kversion.V2_8_0(), "3.9": kversion.V3_9_0()} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := startBrokers(t, time.Minute, kfake.MaxVersions(versions))
			var groups []string
			for i := range 40 {
				groups = append(groups, fmt.Sprintf("group-%d", i))
				b.commit(t, groups[i], int64(i))
			}
			got := b.fetch(t, groups...)
			for i, group := range groups {
				wantCommit(t, got.answers[group], int64(i))
			}
			shares := collect(func(answered func(map[string]bool)) { b.client.shareGroups(t.Context(), groups, answered) })
			if shares.answers["group-0"] || len(shares.answers) != len(groups) {
				t.Errorf("share groups %v", shares.answers)
			}
			wantOffset(t, b.ends(t).answers[orders()[2]], 3)
		})
	}
}

func TestManyGroupsAreAskedForTogether(t *testing.T) {
	t.Parallel()
	b := startBrokers(t, time.Minute)
	var mu sync.Mutex
	requests := 0
	b.ControlKey(int16(kmsg.OffsetFetch), func(kmsg.Request) (kmsg.Response, error, bool) {
		b.KeepControl()
		mu.Lock()
		defer mu.Unlock()
		requests++
		return nil, nil, false
	})
	var groups []string
	for i := range 600 {
		groups = append(groups, fmt.Sprintf("group-%d", i))
	}
	b.fetch(t, groups...)
	if requests > 6 {
		t.Errorf("%d requests for 600 groups on three brokers", requests)
	}
}

func TestAGroupsWholeCommits(t *testing.T) {
	t.Parallel()
	b := startBrokers(t, time.Minute)
	b.commit(t, "billing", 1)
	got := collect(func(answered func(map[string]groupCommits)) {
		b.client.fetchOffsets(t.Context(), map[string][]partition{"billing": nil, "absent": nil}, answered)
	})
	if commits := got.answers["billing"].commits; len(commits) != 1 || commits[orders()[0]] != (commitState{offset: 1, committed: true}) {
		t.Errorf("got %+v", got.answers["billing"])
	}
	if absent := got.answers["absent"]; absent.err != nil || len(absent.commits) != 0 {
		t.Errorf("of a group without commits: %+v", absent)
	}
}

// A silent broker takes the time of a request, once. The others answer at once, and while its pause lasts so does the client for it.
func TestASilentBrokerDelaysNoOther(t *testing.T) {
	t.Parallel()
	b := startBrokers(t, 3*time.Second)
	b.ends(t)
	var groups []string
	for i := range 30 {
		groups = append(groups, fmt.Sprintf("group-%d", i))
	}
	b.fetch(t, groups...)
	b.silence(2)
	check := func(ends *collected[partition, offsetState], commits *collected[string, groupCommits]) {
		t.Helper()
		for id, at := range orders()[:2] {
			wantOffset(t, ends.answers[at], int64(id)+1)
			if took := ends.took[at]; took > quick {
				t.Errorf("partition %d was answered after %s", id, took)
			}
		}
		if err := ends.answers[orders()[2]].err; kindOf(err) != TimedOut || !strings.Contains(err.Error(), "broker 2 at 127.0.0.1:") {
			t.Errorf("of the silent broker: %v", err)
		}
		for _, group := range groups {
			answer, took := commits.answers[group], commits.took[group]
			if mine := b.CoordinatorFor(group) != 2; mine && (answer.err != nil || took > quick) || !mine && answer.err == nil {
				t.Errorf("%s was answered after %s: %+v", group, took, answer)
			}
		}
	}
	check(b.list(t, offsetSpec{kind: logEnd}), b.fetch(t, groups...))
	for range 5 {
		began := time.Now()
		check(b.list(t, offsetSpec{kind: logEnd}), b.fetch(t, groups...))
		if took := time.Since(began); took > 3*3*time.Second {
			t.Errorf("took %s", took)
		}
	}
}

func TestABrokerIsLeftAloneForLongerAndLonger(t *testing.T) {
	t.Parallel()
	failed := errors.New("no")
	b := newBrokerBackoff(time.Second)
	now := time.Unix(1000, 0)
	attempts := 0
	for range 10 * 60 * 100 {
		now = now.Add(10 * time.Millisecond)
		if b.admit(1, now) == nil {
			attempts++
			if err := b.admit(1, now); attempts > 1 && !errors.Is(err, failed) {
				t.Fatal("two requests are admitted to a broker that fails")
			}
			b.note(1, failed, now)
			b.note(1, failed, now) // one more that was under way
		}
		if b.admit(2, now) != nil {
			t.Fatal("another broker is left alone as well")
		}
	}
	if attempts < 120 || attempts > 400 {
		t.Errorf("%d attempts in ten minutes", attempts)
	}
	if err := b.admit(1, now); !errors.Is(err, failed) || !b.fails(1) {
		t.Errorf("during a pause: %v", err)
	}
	b.note(1, nil, now)
	if b.admit(1, now) != nil || b.fails(1) {
		t.Error("a broker that answers again is left alone")
	}
}

// An attempt that its caller gives up is made again by the next one, and not after a time-out.
func TestAnAttemptThatIsGivenUpCountsForNothing(t *testing.T) {
	t.Parallel()
	b := startBrokers(t, time.Minute)
	b.ends(t)
	past := time.Now().Add(-time.Hour)
	b.client.backoff.note(2, errors.New("no"), past)
	if err := b.client.backoff.admit(2, time.Now()); err != nil {
		t.Fatal(err)
	}
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	_, _ = b.client.ask(canceled, 2, listRequest(offsetSpec{}, orders()[2:]))
	wantOffset(t, b.list(t, offsetSpec{kind: logEnd}).answers[orders()[2]], 3)
	if b.client.backoff.fails(2) {
		t.Error("a broker that answers is taken for one that fails")
	}
}

// While no broker answers, the reason comes soon, and names a broker.
func TestNoBrokerAnswers(t *testing.T) {
	t.Parallel()
	client, err := openClient(Connection{Name: "test", BootstrapServers: []string{"127.0.0.1:1", "127.0.0.1:2"}}, Options{}.withDefaults())
	if err != nil {
		t.Fatal(err)
	}
	defer client.close()
	began := time.Now()
	err = client.ping(t.Context())
	if kindOf(err) != Unreachable || !strings.Contains(err.Error(), "connection refused") {
		t.Errorf("got %v", err)
	}
	if took := time.Since(began); took > quick {
		t.Errorf("took %s", took)
	}
	got := collect(func(answered func(map[string]groupCommits)) {
		client.fetchOffsets(t.Context(), map[string][]partition{"billing": orders()}, answered)
	})
	if err := got.answers["billing"].err; kindOf(err) != Unreachable {
		t.Errorf("commits: %v", err)
	}
}

func TestMembersOfAGroup(t *testing.T) {
	t.Parallel()
	b := startBrokers(t, time.Minute)
	consumer, err := kgo.NewClient(kgo.SeedBrokers(b.ListenAddrs()...), kgo.ConsumerGroup("billing"), kgo.ConsumeTopics("orders"))
	if err != nil {
		t.Fatal(err)
	}
	defer consumer.Close()
	consumer.PollRecords(t.Context(), 1)
	got := collect(func(answered func(map[string]groupState)) {
		b.client.describeGroups(t.Context(), []string{"billing", "absent"}, answered)
	})
	state := got.answers["billing"]
	if !state.told || len(state.members) != 1 {
		t.Fatalf("got %+v", state)
	}
	for _, reads := range state.members {
		if len(reads) != 3 {
			t.Errorf("reads %v", reads)
		}
	}
	if absent := got.answers["absent"]; !absent.told || len(absent.members) != 0 || absent.err != nil {
		t.Errorf("of a group that does not exist: %+v", absent)
	}
}

func TestARefusedLoginIsTheFirstAnswer(t *testing.T) {
	t.Parallel()
	cluster, err := kfake.NewCluster(kfake.EnableSASL(), kfake.Superuser("PLAIN", "lagwise", "right"))
	if err != nil {
		t.Fatal(err)
	}
	defer cluster.Close()
	for name, test := range map[string]struct {
		sasl *SASL
		kind Kind
		word string
	}{
		"right":    {&SASL{Mechanism: Plain, Username: "lagwise", Password: "right"}, Internal, ""},
		"no login": {nil, Unreachable, "may require SASL"},
	} {
		client, err := openClient(Connection{Name: "test", BootstrapServers: cluster.ListenAddrs(), SASL: test.sasl}, Options{}.withDefaults())
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		err = client.ping(t.Context())
		if test.word == "" && err != nil || test.word != "" && (kindOf(err) != test.kind || !strings.Contains(err.Error(), test.word)) {
			t.Errorf("%s: %v", name, err)
		}
		if took := time.Since(began); took > quick {
			t.Errorf("%s: took %s", name, took)
		}
		client.close()
	}
}

func TestAQuotaIsNamed(t *testing.T) {
	t.Parallel()
	q := &quota{}
	now := time.Now()
	if err := q.throttled(now); err != nil {
		t.Errorf("without a quota: %v", err)
	}
	q.OnBrokerThrottle(kgo.BrokerMetadata{NodeID: 3}, time.Minute, true)
	if err := q.throttled(now); err == nil || !strings.Contains(err.Error(), "throttled") || !strings.Contains(err.Error(), "broker 3") || kindOf(err) != Throttled {
		t.Errorf("got %v", err)
	}
	if err := q.throttled(now.Add(2 * time.Minute)); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

func TestKindsOfErrors(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		err  error
		kind Kind
	}{
		{kerr.NotCoordinator, Unreachable},
		{kerr.NotLeaderForPartition, Unreachable},
		{kerr.GroupAuthorizationFailed, Denied},
		{kerr.SaslAuthenticationFailed, BadCredentials},
		{&brokerError{"broker 1", kerr.TopicAuthorizationFailed}, Denied},
		{&brokerError{"broker 1", errors.New("dial tcp: connection refused")}, Unreachable},
		{&brokerError{"broker 1", errNoAnswer}, TimedOut},
		{&brokerError{"broker 1", &tokenError{errors.New("401 Unauthorized")}}, BadCredentials},
		{&brokerError{"broker 1", errors.New("broker is too old; the broker has already indicated it will not know how to handle the request")}, Internal},
		{context.DeadlineExceeded, TimedOut},
		{errors.New("something new"), Internal},
	} {
		if got := kindOf(test.err); got != test.kind {
			t.Errorf("%v: %s, want %s", test.err, got, test.kind)
		}
	}
}
