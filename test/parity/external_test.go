package parity_test

import (
	"context"
	"strings"
	"testing"

	keda "github.com/kedacore/keda/v2/pkg/scalers"
)

// testExternalScaler looks at what KEDA's external scaler, with which all of these tests ask, hands on word for word.
func testExternalScaler(t *testing.T, s *stage) {
	topic, group, err := s.fixedTopic(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), caseTimeout)
	defer cancel()

	t.Run("spec, value and activity", func(t *testing.T) {
		seen := ask(ctx, lagwiseAt(s.usual), s.plain(topic.name, group, "lagThreshold", "5"))
		want := "s0-kafka-" + topic.name + ", target 5 AverageValue: value 7, active true"
		if seen.String() != want {
			t.Errorf("%v, want %s", seen, want)
		}
	})
	t.Run("why a trigger is refused", func(t *testing.T) {
		seen := ask(ctx, lagwiseAt(s.usual), s.plain(topic.name, group, "lagThreshold", "none", "offsetResetPolicy", "newest"))
		for _, words := range []string{`lagThreshold "none"`, `offsetResetPolicy "newest"`} {
			if seen.err == nil || !strings.Contains(seen.err.Error(), words) {
				t.Errorf("the caller does not read %s: %v", words, seen.err)
			}
		}
	})
}

// testExternalPushScaler runs KEDA's external-push scaler on a trigger without work, and then gives it some.
func testExternalPushScaler(t *testing.T, s *stage) {
	topic, group, err := s.fixedTopic(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := s.kafka.commit(t.Context(), group, commitAll(topic, 10, 10, 10)); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), caseTimeout)
	defer cancel()
	config := s.plain(topic.name, group, "lagThreshold", "5", "scalerAddress", s.usual).config()
	scaler, err := keda.NewExternalPushScaler(config)
	if err != nil {
		t.Fatal(err)
	}
	if idle := askOpen(ctx, scaler); idle.err != nil || idle.active || !idle.value.IsZero() {
		t.Fatalf("before the record: %v", idle)
	}

	running, stop := context.WithCancel(ctx)
	pushed := make(chan bool)
	go scaler.Run(running, pushed)
	streamer, ok := scaler.(keda.MetricSpecStreamer)
	if !ok {
		t.Fatal("KEDA's push scaler streams no specs")
	}
	select { // the streams are open
	case specs := <-streamer.MetricSpecChan():
		if len(specs) != 1 || specs[0].External.Metric.Name != "s0-kafka-"+topic.name {
			t.Errorf("streamed specs: %v", specs)
		}
	case active := <-pushed:
		t.Fatalf("pushed %t before there is work", active)
	case <-ctx.Done():
		t.Fatal("no spec is streamed")
	}

	if err := s.kafka.produce(topic, 0, 1); err != nil {
		t.Fatal(err)
	}
	select {
	case active := <-pushed:
		if !active {
			t.Error("pushed false")
		}
	case <-ctx.Done():
		t.Fatal("the record is not pushed")
	}
	if busy := askOpen(ctx, scaler); busy.err != nil || !busy.active || busy.value.Value() != 1 {
		t.Errorf("after the record: %v", busy)
	}

	stop()
	for range pushed { // Run closes it when both streams have ended
	}
	if err := scaler.Close(ctx); err != nil {
		t.Error(err)
	}
}
