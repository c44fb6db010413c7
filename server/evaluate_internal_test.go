package server

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/lagwise/lagwise/scalers"
)

// knowing is a scaler that may know its answer; evaluated counts when it was asked to find it out.
type knowing struct {
	answering
	known     func() (scalers.Evaluation, bool)
	evaluated int
}

func (k *knowing) Known() (scalers.Evaluation, bool) { return k.known() }

func (k *knowing) Evaluate(ctx context.Context) (scalers.Evaluation, error) {
	k.evaluated++
	return k.answering.Evaluate(ctx)
}

func TestAScalerThatKnowsIsNotMadeToFindOut(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		known     func() (scalers.Evaluation, bool)
		value     float64
		evaluated int
	}{
		"knows":         {func() (scalers.Evaluation, bool) { return scalers.Evaluation{Value: 7}, true }, 7, 0},
		"does not know": {func() (scalers.Evaluation, bool) { return scalers.Evaluation{Value: 7}, false }, 42, 1},
		"panics":        {func() (scalers.Evaluation, bool) { panic("no") }, 42, 1},
	} {
		synctest.Test(t, func(t *testing.T) {
			asked, released := &knowing{known: test.known}, 0
			options := Options{}.withDefaults()
			answered := New(nil, options).newService(newFailures(options.Log), new(sync.WaitGroup)).evaluator
			evaluation, err := answered.evaluateLent(t.Context(), asked, func() { released++ })
			synctest.Wait()
			if err != nil || evaluation.Value != test.value {
				t.Errorf("%s: %v, %v", name, evaluation.Value, err)
			}
			if asked.evaluated != test.evaluated || released != 1 {
				t.Errorf("%s: evaluated %d times and released %d times", name, asked.evaluated, released)
			}
		})
	}
}
