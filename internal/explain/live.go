package explain

import (
	"context"

	"github.com/lagwise/lagwise/internal/hpa"
	"github.com/lagwise/lagwise/scalers"
)

// Triggers are those that are alive in a process (scalers.Registry).
type Triggers interface {
	Named(namespace, name string) []scalers.Standing
	Detail(ctx context.Context, serial uint64) (standing scalers.Standing, detail scalers.Detail, alive bool, err error)
}

// Live reports on the triggers that KEDA asks about under this name; found is false where it asks about none. It builds none, and
// waits for none that has an observation.
func Live(ctx context.Context, triggers Triggers, namespace, name string) (report Report, found bool) {
	report = Report{Namespace: namespace, Name: name, Triggers: []Trigger{}}
	for _, one := range triggers.Named(namespace, name) {
		if standing, detail, alive, err := triggers.Detail(ctx, one.Serial); alive {
			trigger := Trigger{Scaler: standing.Source, Serial: standing.Serial}
			trigger.answer(standing.Metric, detail, err)
			report.Triggers = append(report.Triggers, trigger)
		}
	}
	return report, len(report.Triggers) > 0
}

// answer fills in what the scaler said.
func (t *Trigger) answer(metric scalers.Metric, detail scalers.Detail, err error) {
	t.Metric = &Metric{Name: metric.Name, Target: metric.Target}
	if err != nil {
		t.Failure = failureOf(err)
		return
	}
	t.Answer = &Answer{
		Value: detail.Value, Active: detail.Active, ObservedAt: detail.ObservedAt,
		Asks: metricOf(detail.Value, metric.Target).Asks(), SettlesInSeconds: detail.Settling.Seconds(),
		Parts: partsOf(detail.Parts), Rules: rulesOf(detail.Reasons),
	}
	if detail.Limit != nil {
		t.Answer.Limit = &Limit{Name: detail.Limit.Name, Value: detail.Limit.Value}
	}
}

func failureOf(err error) *Failure {
	cause, _ := scalers.CauseOf(err)
	return &Failure{Cause: cause.String(), Text: err.Error()}
}

// metricOf is what the HPA reads of a metric. A target below half a thousandth would be none.
func metricOf(value, target float64) hpa.Metric {
	return hpa.Metric{Value: hpa.Milli(value), Target: max(1, hpa.Milli(target))}
}

func partsOf(parts []scalers.Part) []Part {
	shown := make([]Part, len(parts))
	for i, part := range parts {
		shown[i] = Part{Name: part.Name, Done: part.Done, Left: part.Left, Figures: figuresOf(part.Figures), Note: part.Note}
	}
	return shown
}

func figuresOf(figures []scalers.Figure) []Figure {
	shown := make([]Figure, len(figures))
	for i, figure := range figures {
		shown[i] = Figure{Name: figure.Name, Unit: string(figure.Unit)}
		if figure.Known {
			shown[i].Value = &figure.Value
		}
	}
	return shown
}

func rulesOf(reasons []scalers.Reason) []Rule {
	shown := make([]Rule, len(reasons))
	for i, reason := range reasons {
		shown[i] = Rule(reason)
	}
	return shown
}
