package explain

import (
	"context"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/lagwise/lagwise/scalers"
)

// Ask builds the questions' scalers, has all of them observe their sources at the same time, and reports what they answer. It
// returns after the first observation, or, where observe is not zero, so much later; at the end of ctx at the latest.
func Ask(ctx context.Context, factories map[string]scalers.Factory, questions []Question, observe time.Duration) []Trigger {
	answers := make([]Trigger, len(questions))
	var asked sync.WaitGroup
	for i, q := range questions {
		asked.Go(func() { answers[i] = q.ask(ctx, factories, observe) })
	}
	asked.Wait()
	return answers
}

func (q Question) ask(ctx context.Context, factories map[string]scalers.Factory, observe time.Duration) Trigger {
	report := q.Report
	if q.Scaler == "" {
		return report
	}
	factory, known := factories[q.Scaler]
	if !known {
		report.Metric = &Metric{}
		report.Failure = failureOf(scalers.Errorf(scalers.CauseRefused, "scaler %s: want one of %s",
			scalers.Quote(q.Scaler), strings.Join(slices.Sorted(maps.Keys(factories)), ", ")))
		return report
	}
	scaler := factory(q.Ask)
	if closer, is := scaler.(io.Closer); is {
		defer func() { _ = closer.Close() }() // nothing depends on it
	}
	if report.Failure != nil {
		metric := scaler.Metric()
		report.Metric = &Metric{Name: metric.Name, Target: metric.Target}
		return report
	}
	detail, err := scalers.DetailOf(ctx, scaler)
	if err == nil && observe > 0 {
		select {
		case <-ctx.Done():
		case <-time.After(observe):
		}
		detail, err = scalers.DetailOf(ctx, scaler)
	}
	report.answer(scaler.Metric(), detail, err)
	return report
}
