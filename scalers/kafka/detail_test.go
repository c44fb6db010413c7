package kafka_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/lagwise/lagwise/scalers"
	"github.com/lagwise/lagwise/scalers/kafka"
	"github.com/lagwise/lagwise/scalers/kafka/cluster"
	"github.com/lagwise/lagwise/scalers/lag"
)

// inspected is a view of four partitions: one that lags, one whose records are deleted, one without commit, one that is done.
func inspected() lag.View {
	at := time.Unix(1000, 0)
	waits := func(from, end int64, age time.Duration) *lag.Facts {
		return &lag.Facts{Records: &lag.Records{From: from, Through: end, Count: end - from, Offset: from, Timestamp: at.Add(-age), HasTimestamp: true}}
	}
	return lag.View{Now: at, Latest: lag.Observation{At: at, Partitions: []lag.Partition{
		{Topic: "orders", ID: 0, Start: 10, HasStart: true, Committed: 60, HasCommitted: true, End: 100, Facts: waits(60, 100, 90*time.Second)},
		{Topic: "orders", ID: 1, Start: 50, HasStart: true, Committed: 20, HasCommitted: true, End: 70, Facts: waits(50, 70, -time.Second)},
		{Topic: "orders", ID: 2, Start: 0, HasStart: true, End: 5},
		{Topic: "orders", ID: 3, Start: 7, HasStart: true, Committed: 9, HasCommitted: true, End: 9},
	}}}
}

func detailOf(t *testing.T, scaler scalers.Scaler) scalers.Detail {
	t.Helper()
	detailed, can := scaler.(scalers.Detailed)
	if !can {
		t.Fatal("not Detailed")
	}
	detail, err := detailed.Detail(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return detail
}

func inspector(fake *fakeKafka, metadata map[string]string) scalers.Scaler {
	return kafka.NewInspector(fake.subscribe, kafka.NewConnections(nil, "*"), slog.New(slog.DiscardHandler))(
		scalers.Trigger{Namespace: "shop", Name: "orders", Metadata: metadata})
}

// figures are the known ones of a part, by name.
func figures(part scalers.Part) map[string]float64 {
	known := map[string]float64{}
	for _, figure := range part.Figures {
		if figure.Known {
			known[figure.Name] = figure.Value
		}
	}
	return known
}

func TestDetailShowsWhatTheAnswerIsMadeOf(t *testing.T) {
	t.Parallel()
	fake := fakeKafka{view: func(context.Context) (lag.View, error) { return inspected(), nil }}
	scaler := inspector(&fake, with("partitionLimitation", "0-1,3", "lagThreshold", "5"))
	if !fake.want.Needs.Shown || fake.want.Needs.LogStart {
		t.Errorf("asked for %+v", fake.want.Needs)
	}
	detail := detailOf(t, scaler)
	evaluation, err := scaler.Evaluate(t.Context())
	if err != nil || detail.Value != evaluation.Value || detail.Active != evaluation.Active || len(detail.Reasons) != len(evaluation.Reasons) {
		t.Errorf("detail %+v, evaluation %+v, %v", detail.Evaluation, evaluation, err)
	}
	for i, want := range []struct {
		name       string
		done, left float64
		figures    map[string]float64
		note       string
	}{
		{"orders/0", 50, 40, map[string]float64{"log start offset": 10, "committed offset": 60, "log end offset": 100, "lag": 40, "oldest waits": 90}, ""},
		{"orders/1", 0, 50, map[string]float64{"log start offset": 50, "committed offset": 20, "log end offset": 70, "lag": 50, "oldest waits": 0}, "committed below the log start: those records are deleted"},
		{"orders/3", 2, 0, map[string]float64{"log start offset": 7, "committed offset": 9, "log end offset": 9, "lag": 0}, ""},
	} {
		got := detail.Parts[i]
		if got.Name != want.name || got.Done != want.done || got.Left != want.left || got.Note != want.note {
			t.Errorf("got %+v, want %+v", got, want)
		}
		known := figures(got)
		for name, value := range want.figures {
			if known[name] != value {
				t.Errorf("%s: %s is %v, want %v", got.Name, name, known[name], value)
			}
		}
		if len(known) != len(want.figures) {
			t.Errorf("%s: known are %v, want %v", got.Name, known, want.figures)
		}
	}
}

// What is read to be shown alone must not change what is decided: a record's age would activate here.
func TestAnInspectorDecidesAlike(t *testing.T) {
	t.Parallel()
	fake := fakeKafka{view: func(context.Context) (lag.View, error) { return inspected(), nil }}
	metadata := with("activationLagTimeThreshold", "60s", "partitionLimitation", "0")
	if detail := detailOf(t, inspector(&fake, metadata)); detail.Active || figures(detail.Parts[0])["oldest waits"] != 90 {
		t.Errorf("got %+v", detail)
	}
	metadata["lagTimeThreshold"] = "60s" // whose rule reads ages
	if detail := detailOf(t, inspector(&fake, metadata)); !detail.Active || detail.Value != 15 {
		t.Errorf("got %+v", detail)
	}
	if scaler := fake.build(metadata); fake.want.Needs.Shown || !detailOf(t, scaler).Active {
		t.Errorf("asked for %+v", fake.want.Needs)
	}
}

func TestDetailNamesTheLimit(t *testing.T) {
	t.Parallel()
	fake := fakeKafka{view: func(context.Context) (lag.View, error) { return inspected(), nil }}
	metadata := with("partitionLimitation", "0", "lagThreshold", "5")
	if detail := detailOf(t, fake.build(metadata)); detail.Value != 5 || detail.Limit == nil || *detail.Limit != (scalers.Limit{Name: "partition limit", Value: 40}) {
		t.Errorf("got %+v, limit %+v", detail, detail.Limit)
	}
	metadata["allowIdleConsumers"] = "true"
	if detail := detailOf(t, fake.build(metadata)); detail.Value != 40 || detail.Limit != nil {
		t.Errorf("got %+v, limit %+v", detail, detail.Limit)
	}
}

func TestRulesThatLookBackSettle(t *testing.T) {
	t.Parallel()
	view := inspected()
	fake := fakeKafka{view: func(context.Context) (lag.View, error) { return view, nil }}
	scaler := fake.build(with("sustainedFor", "2m"))
	if detail := detailOf(t, scaler); detail.Settling != 2*time.Minute {
		t.Errorf("got %v", detail.Settling)
	}
	view.History = []lag.Observation{{At: view.Latest.At.Add(-2 * time.Minute), Partitions: view.Latest.Partitions}}
	if detail := detailOf(t, scaler); detail.Settling != 0 || !detail.Active {
		t.Errorf("got %v", detail.Settling)
	}
	if detail := detailOf(t, fake.build(with())); detail.Settling != 0 {
		t.Errorf("got %v", detail.Settling)
	}
}

func TestDetailKeepsTheCause(t *testing.T) {
	t.Parallel()
	fake := fakeKafka{view: func(context.Context) (lag.View, error) {
		return lag.View{}, &cluster.Fault{Kind: cluster.Denied, About: "group", Err: errors.New("no")}
	}}
	_, err := scalers.DetailOf(t.Context(), fake.build(with()))
	if cause, _ := scalers.CauseOf(err); cause != scalers.CauseDenied {
		t.Errorf("got %v", err)
	}
}

func TestPersistentAndStalledPartitionsSaySo(t *testing.T) {
	t.Parallel()
	at := time.Unix(10_000, 0)
	still := lag.Partition{Topic: "orders", ID: 4, Committed: 3, HasCommitted: true, End: 10}
	earlier := lag.Observation{At: at.Add(-time.Minute), Partitions: []lag.Partition{still}}
	latest := lag.Observation{At: at, Partitions: []lag.Partition{still}, Group: &lag.Group{
		Told: true, Members: []lag.Member{{ID: "a", Reads: []int{0}}},
		Standing: []lag.Standing{{Topic: "orders", ID: 4, Committed: 3, Since: at.Add(-20 * time.Minute)}},
	}}
	fake := fakeKafka{view: func(context.Context) (lag.View, error) {
		return lag.View{Now: at, Latest: latest, History: []lag.Observation{earlier}}, nil
	}}
	detail := detailOf(t, fake.build(with("excludePersistentLag", "true", "onStall", "report")))
	part := detail.Parts[0]
	if known := figures(part); part.Left != 0 || known["lag"] != 0 || known["lag that activates"] != 7 {
		t.Errorf("got %+v", part)
	}
	if part = detailOf(t, fake.build(with("onStall", "report"))).Parts[0]; part.Note != "commits have stood still for 20m0s" {
		t.Errorf("got %+v", part)
	}
}
