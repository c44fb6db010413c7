package kafka_test

import (
	"context"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/lagwise/lagwise/scalers"
	"github.com/lagwise/lagwise/scalers/kafka/cluster"
	"github.com/lagwise/lagwise/scalers/lag"
)

// viewOf is one partition with the given lag, observed at the given second.
func viewOf(second, lagging int64) lag.View {
	at := time.Unix(second, 0)
	return lag.View{Now: at, Latest: lag.Observation{At: at, Partitions: []lag.Partition{
		{Topic: "orders", End: 100 + lagging, Committed: 100, HasCommitted: true},
	}}}
}

func TestEvaluateDecidesOnTheObservation(t *testing.T) {
	t.Parallel()
	view := viewOf(1, 7)
	fake := fakeKafka{view: func(context.Context) (lag.View, error) { return view, nil }}
	scaler := fake.build(with("activationLagThreshold", "6"))
	got, err := scaler.Evaluate(t.Context())
	if err != nil || got.Value != 7 || got.Left != 7 || !got.HasLeft || !got.Active || !got.ObservedAt.Equal(time.Unix(1, 0)) || len(got.Reasons) == 0 {
		t.Fatalf("got %+v, %v", got, err)
	}
	view = viewOf(2, 6)
	if got, err = scaler.Evaluate(t.Context()); err != nil || got.Value != 6 || got.Active {
		t.Errorf("a new observation gives %+v, %v", got, err)
	}
}

func TestFaultsKeepTheirCause(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		err  error
		want scalers.Cause
		text string
	}{
		{&cluster.Fault{Kind: cluster.UnknownTopic, About: `topic "orders" does not exist`}, scalers.CauseNotFound, `topic "orders" does not exist, at kafka:9092`},
		{&cluster.Fault{Kind: cluster.Denied, About: "group", Err: io.EOF}, scalers.CauseDenied, "not authorised: group: EOF, at kafka:9092"},
		{&cluster.Fault{Kind: cluster.BadCredentials, About: "c", Err: io.EOF}, scalers.CauseUnauthenticated, "authentication failed: c: EOF, at kafka:9092"},
		{&cluster.Fault{Kind: cluster.Unreachable, About: "c", Err: io.EOF}, scalers.CauseUnreachable, "Kafka is unreachable: c: EOF, at kafka:9092"},
		{&cluster.Fault{Kind: cluster.TimedOut, About: "c", Err: io.EOF}, scalers.CauseTimedOut, "Kafka did not answer in time: c: EOF, at kafka:9092"},
		{&cluster.Fault{Kind: cluster.TimedOut, About: "no answer yet from kafka:9092"}, scalers.CauseTimedOut, "Kafka did not answer in time: no answer yet from kafka:9092"},
		{&cluster.Fault{Kind: cluster.Stale, About: "the last observation is 20s old"}, scalers.CauseUnreachable, "the last observation is 20s old, at kafka:9092"},
		{&cluster.Fault{Kind: cluster.Misconfigured, About: "c", Err: io.EOF}, scalers.CauseRefused, "the Kafka client refuses the settings: c: EOF"},
		{&cluster.Fault{Kind: cluster.Exhausted, About: "256 connections"}, scalers.CauseExhausted, "256 connections"},
	} {
		fake := fakeKafka{view: func(context.Context) (lag.View, error) { return lag.View{}, test.err }}
		_, err := fake.build(with()).Evaluate(t.Context())
		if cause, _ := scalers.CauseOf(err); cause != test.want || err.Error() != test.text {
			t.Errorf("%v: got cause %v, %q", test.err, cause, err)
		}
		if !errors.Is(err, test.err) {
			t.Errorf("%v is lost", test.err)
		}
	}
}

func TestAPartitionLimitationThatMatchesNothingIsNotFound(t *testing.T) {
	t.Parallel()
	fake := fakeKafka{view: func(context.Context) (lag.View, error) { return viewOf(1, 7), nil }}
	_, err := fake.build(with("partitionLimitation", "5-9")).Evaluate(t.Context())
	if cause, _ := scalers.CauseOf(err); cause != scalers.CauseNotFound {
		t.Errorf("got %v", err)
	}
}

func TestTooManyConnectionsIsAStateThatPasses(t *testing.T) {
	t.Parallel()
	fake := fakeKafka{
		view: func(context.Context) (lag.View, error) { return viewOf(1, 7), nil },
		fail: &cluster.Fault{Kind: cluster.Exhausted, About: "256 connections"},
	}
	scaler := fake.build(with())
	_, err := scaler.Evaluate(t.Context())
	if cause, _ := scalers.CauseOf(err); cause != scalers.CauseExhausted {
		t.Fatalf("got %v", err)
	}
	fake.fail = nil
	if got, err := scaler.Evaluate(t.Context()); err != nil || got.Value != 7 {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestWatchEvaluatesAtEachObservationAndPassesOverOutages(t *testing.T) {
	t.Parallel()
	type answer struct {
		view lag.View
		err  error
	}
	answers := make(chan answer)
	fake := fakeKafka{view: func(ctx context.Context) (lag.View, error) {
		select {
		case a := <-answers:
			return a.view, a.err
		case <-ctx.Done():
			return lag.View{}, ctx.Err()
		}
	}}
	watcher, ok := fake.build(with()).(scalers.Watcher)
	if !ok {
		t.Fatal("not a Watcher")
	}
	ctx, stop := context.WithCancel(t.Context())
	seen, done := make(chan float64, 3), make(chan error)
	go func() {
		done <- watcher.Watch(ctx, func(e scalers.Evaluation) error {
			seen <- e.Value
			return nil
		})
	}()
	answers <- answer{view: viewOf(1, 0)}
	fake.changed()
	answers <- answer{err: &cluster.Fault{Kind: cluster.Unreachable}}
	fake.changed()
	answers <- answer{view: viewOf(2, 9)}
	if first, second := <-seen, <-seen; first != 0 || second != 9 {
		t.Errorf("saw %v, %v; want 0, 9", first, second)
	}
	stop()
	if err := <-done; err != nil {
		t.Errorf("Watch returned %v", err)
	}
}

func TestWatchEndsWithItsReceiver(t *testing.T) {
	t.Parallel()
	fake := fakeKafka{view: func(context.Context) (lag.View, error) { return viewOf(1, 0), nil }}
	watcher, _ := fake.build(with()).(scalers.Watcher)
	if err := watcher.Watch(t.Context(), func(scalers.Evaluation) error { return io.ErrClosedPipe }); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("got %v", err)
	}
}

func TestCloseEndsTheSubscription(t *testing.T) {
	t.Parallel()
	var fake fakeKafka
	closer, _ := fake.build(with()).(io.Closer)
	if err := closer.Close(); err != nil || fake.closed != 1 {
		t.Errorf("got %v, closed %d times", err, fake.closed)
	}
}

// What is known without waiting is what an evaluation would say; where that would be an error, nothing is known.
func TestKnownIsWhatEvaluateSays(t *testing.T) {
	t.Parallel()
	observed := func(context.Context) (lag.View, error) { return viewOf(1, 7), nil }
	for name, test := range map[string]struct {
		fake     *fakeKafka
		metadata map[string]string
	}{
		"observed":         {&fakeKafka{view: observed}, with()},
		"not observed":     {&fakeKafka{view: func(context.Context) (lag.View, error) { return lag.View{}, errors.New("no") }}, with()},
		"not subscribed":   {&fakeKafka{view: observed, fail: errors.New("no")}, with()},
		"nothing to count": {&fakeKafka{view: observed}, with("partitionLimitation", "5-9")},
	} {
		scaler, ok := test.fake.build(test.metadata).(scalers.Prompt)
		if !ok {
			t.Fatal("the scaler knows nothing by itself")
		}
		evaluation, err := scaler.Evaluate(t.Context())
		known, isKnown := scaler.Known()
		if isKnown != (err == nil) || known.Value != evaluation.Value || known.Active != evaluation.Active {
			t.Errorf("%s: knows %v, %+v; evaluates to %+v, %v", name, isKnown, known, evaluation, err)
		}
	}
}

func TestStalledPartitionsAreCounted(t *testing.T) {
	t.Parallel()
	view := viewOf(10_000, 7)
	view.Latest.Group = &lag.Group{Told: true, Most: 1, Standing: []lag.Standing{{Topic: "orders", Committed: 100, Since: view.Now.Add(-10 * time.Minute)}}}
	fake := fakeKafka{view: func(context.Context) (lag.View, error) { return view, nil }}
	for _, test := range []struct {
		metadata map[string]string
		want     int
	}{
		{with(), 0},
		{with("onStall", "report"), 1},
		{with("onStall", "hold"), 1},
		{with("onStall", "report", "stallAfter", "11m"), 0},
	} {
		if got, err := fake.build(test.metadata).Evaluate(t.Context()); err != nil || got.Stalled != test.want {
			t.Errorf("%v: %+v, %v", test.metadata, got, err)
		}
	}
}
