package parity_test

import (
	"math"
	"strconv"
	"testing"

	keda "github.com/kedacore/keda/v2/pkg/scalers"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// testDifferences shows both answers wherever lagwise means to differ from KEDA. What is not here is the same.
func testDifferences(t *testing.T, s *stage) {
	topic, group, err := s.fixedTopic(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	other, _, err := s.fixedTopic(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	pair := topic.name + "," + other.name

	for _, difference := range []struct {
		name    string
		keda    open
		trigger trigger
		// Who answers, and with which lag; nobody is asked for a lag that fails.
		want, got expected
	}{
		{
			"a partition range that counts down is a mistake, not nothing", keda.NewKafkaScaler,
			s.plain(topic.name, group, "partitionLimitation", "2-0,1"),
			lagOf(5), refused(),
		},
		{
			"a misspelt key is a mistake, not nothing", keda.NewKafkaScaler,
			s.plain(topic.name, group, "lagTreshold", "5"),
			lagOf(7), refused(),
		},
		{
			"credentials never stand in metadata", keda.NewKafkaScaler,
			s.plain(topic.name, group, "username", "me", "password", "secret"),
			lagOf(7), refused(),
		},
		{
			"two reset policies are not one", keda.NewKafkaScaler,
			s.plain(topic.name, group, "offsetResetPolicy", "latest,earliest"),
			lagOf(7), refused(),
		},
		{
			"numbers may have a sign and zeroes before them", keda.NewKafkaScaler,
			s.plain(topic.name, group, "lagThreshold", "+010"),
			fails(), lagOf(7),
		},
		{
			"an old protocol version asks nothing of a new broker", keda.NewKafkaScaler,
			s.plain(topic.name, group, "version", "0.9.0.0"),
			fails(), lagOf(7),
		},
		{
			"a list of topics needs no other trigger type", keda.NewKafkaScaler,
			s.plain(pair, group, "offsetResetPolicy", "earliest"),
			fails(), lagOf(37),
		},
		{
			"a list none of whose topics exists is a mistake, not no work", keda.NewApacheKafkaScaler,
			s.plain("no-such-topic,nor-this", group),
			lagOf(0), fails(),
		},
		{
			"in a list, too, the two limits exclude each other", keda.NewApacheKafkaScaler,
			s.plain(pair, group, "limitToPartitionsWithLag", "true", "ensureEvenDistributionOfPartitions", "true", "lagThreshold", "3"),
			lagOf(15), refused(),
		},
	} {
		t.Run(difference.name, func(t *testing.T) {
			want, got := s.both(t.Context(), difference.keda, difference.trigger)
			difference.want.check(t, "KEDA", want)
			difference.got.check(t, "lagwise", got)
		})
	}

	t.Run("a group without a commit has no topics", func(t *testing.T) {
		want, got := s.both(t.Context(), keda.NewKafkaScaler, s.plain("-", s.name("newcomers")))
		if want.err != nil || !want.active || want.value.IsZero() {
			t.Errorf("KEDA counts every topic of the cluster: %v", want)
		}
		lagOf(0).check(t, "lagwise", got)
	})
	t.Run("a list's empty elements are no part of its name", func(t *testing.T) {
		want, got := s.both(t.Context(), keda.NewApacheKafkaScaler, s.plain(topic.name+",,"+other.name, group))
		if want.name != "s0-kafka-"+topic.name+",,"+other.name || got.name != "s0-kafka-"+pair || want.value.Cmp(got.value) != 0 {
			t.Errorf("\nKEDA:    %v\nlagwise: %v", want, got)
		}
	})
	t.Run("a target ends where older KEDA overflows", func(t *testing.T) {
		want, got := s.both(t.Context(), keda.NewKafkaScaler, s.plain(topic.name, group, "lagThreshold", strconv.Itoa(math.MaxInt64)))
		if want.target.Value() != math.MaxInt64 || got.target.Value() != 9e15 || want.value.Cmp(got.value) != 0 {
			t.Errorf("\nKEDA:    %v\nlagwise: %v", want, got)
		}
	})
	t.Run("a sum past the end of int64 stays there", func(t *testing.T) { testOverflow(t, s) })
}

// testOverflow has commits so far past the end that their sum wraps around in KEDA: no lag becomes a huge one.
func testOverflow(t *testing.T, s *stage) {
	t.Helper()
	ctx := t.Context()
	topic, group := newTopic(s.name("overflow"), 2), s.name("workers")
	if err := s.kafka.create(ctx, topic); err != nil {
		t.Fatal(err)
	}
	if err := s.kafka.commit(ctx, group, commitAll(topic, math.MaxInt64-10, math.MaxInt64-10)); err != nil {
		t.Fatal(err)
	}
	want, got := s.both(ctx, keda.NewKafkaScaler, s.plain(topic.name, group))
	if want.err != nil || !want.active {
		t.Errorf("KEDA: %v", want)
	}
	lagOf(0).check(t, "lagwise", got)
}

// expected is how one side of a difference answers.
type expected struct {
	lag     int64
	fails   bool
	refused bool
}

func lagOf(lag int64) expected { return expected{lag: lag} }

func fails() expected { return expected{fails: true} }

func refused() expected { return expected{fails: true, refused: true} }

func (e expected) check(t *testing.T, who string, seen answer) {
	t.Helper()
	switch {
	case e.refused && status.Code(seen.err) != codes.InvalidArgument:
		t.Errorf("%s: %v, want a refusal", who, seen)
	case e.fails && seen.err == nil:
		t.Errorf("%s: %v, want a failure", who, seen)
	case !e.fails && (seen.err != nil || seen.value.Value() != e.lag || seen.active != (e.lag > 0)):
		t.Errorf("%s: %v, want a lag of %d", who, seen, e.lag)
	}
}
