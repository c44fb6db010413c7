package explain_test

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/lagwise/lagwise/internal/explain"
	"github.com/lagwise/lagwise/scalers"
)

// shown is a scaler that shows one part of which one figure is not known.
type shown struct{ err error }

func (shown) Metric() scalers.Metric { return scalers.Metric{Name: "kafka-orders", Target: 5} }

func (s shown) Evaluate(ctx context.Context) (scalers.Evaluation, error) {
	detail, err := s.Detail(ctx)
	return detail.Evaluation, err
}

func (s shown) Detail(context.Context) (scalers.Detail, error) {
	return scalers.Detail{
		Evaluation: scalers.Evaluation{
			Value: 40, Active: true, ObservedAt: time.Unix(1, 0).UTC(),
			Reasons: []scalers.Reason{{Rule: "committed", Text: "lag 40"}, {Rule: "cap", Key: "limitBy", Text: "capped"}},
		},
		Parts: []scalers.Part{{Name: "orders/0", Done: 50, Left: 40, Figures: []scalers.Figure{
			{Name: "log start offset", Unit: scalers.UnitOffset}, {Name: "log end offset", Value: 90, Unit: scalers.UnitOffset, Known: true},
		}}},
	}, s.err
}

func live(t *testing.T, scaler scalers.Scaler, name string) (explain.Report, bool) {
	t.Helper()
	registry := scalers.NewRegistry(map[string]scalers.Factory{"kafka": func(scalers.Trigger) scalers.Scaler { return scaler }}, scalers.RegistryOptions{})
	_, release, err := registry.Acquire(scalers.Trigger{Namespace: "shop", Name: "orders"})
	if err != nil {
		t.Fatal(err)
	}
	release()
	return explain.Live(t.Context(), registry, "shop", name)
}

func TestLiveReportsInJSONThatStaysTheSame(t *testing.T) {
	t.Parallel()
	report, found := live(t, shown{}, "orders")
	text, err := json.Marshal(report)
	want := `{"namespace":"shop","name":"orders","triggers":[{"scaler":"kafka","serial":1,"metric":{"name":"kafka-orders","target":5},` +
		`"answer":{"value":40,"active":true,"observedAt":"1970-01-01T00:00:01Z","asks":8,` +
		`"parts":[{"name":"orders/0","done":50,"left":40,"figures":[{"name":"log start offset","value":null,"unit":"offset"},{"name":"log end offset","value":90,"unit":"offset"}]}],` +
		`"rules":[{"rule":"committed","text":"lag 40"},{"rule":"cap","key":"limitBy","text":"capped"}]}}]}`
	if err != nil || !found || string(text) != want {
		t.Errorf("found %v, %v:\n%s\nwant\n%s", found, err, text, want)
	}
}

func TestLiveSaysWhyThereIsNoAnswer(t *testing.T) {
	t.Parallel()
	report, found := live(t, shown{scalers.Errorf(scalers.CauseUnreachable, "Kafka is away")}, "orders")
	if !found || report.Triggers[0].Answer != nil || *report.Triggers[0].Failure != (explain.Failure{Cause: "unreachable", Text: "Kafka is away"}) {
		t.Errorf("got %+v", report)
	}
	if report, found = live(t, shown{}, "refunds"); found || report.Triggers == nil {
		t.Errorf("found %v: %+v", found, report)
	}
}
