//go:build kafka

package kafkacluster_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lagwise/lagwise/scalers"
	"github.com/lagwise/lagwise/test/product"
)

const (
	// observing is part of the error of a trigger that has no observation yet.
	observing = "first observation is still under way"
	// newTriggerBound is how long a new trigger may take to return its value, where brokers are near.
	newTriggerBound = 3 * time.Second
)

// checkNewTriggers acquires triggers at the same time and fails the test unless each returns its value within the bound.
func checkNewTriggers(t *testing.T, what string, running *product.Product, triggers []trigger, bound time.Duration) {
	t.Helper()
	took, errs := make([]time.Duration, len(triggers)), make([]error, len(triggers))
	var checks sync.WaitGroup
	for i, of := range triggers {
		scaler := acquire(t, running, of)
		checks.Go(func() { took[i], errs[i] = firstValue(t.Context(), scaler, of, bound) })
	}
	checks.Wait()
	longest, failed := time.Duration(0), 0
	for i, err := range errs {
		longest = max(longest, took[i])
		const shown = 3
		if err != nil {
			if failed++; failed <= shown {
				t.Errorf("%s: %s: %v", what, triggers[i].name, err)
			}
		}
	}
	if failed > 0 {
		t.Errorf("%s: %d of %d failed", what, failed, len(triggers))
	}
	t.Logf("%s: the first value took at most %.2f s (%d triggers)", what, longest.Seconds(), len(triggers))
}

// firstValue polls as KEDA does until the trigger returns its value. Until then every poll must return an error that contains
// observing, in time.
func firstValue(ctx context.Context, scaler scalers.Scaler, of trigger, bound time.Duration) (took time.Duration, err error) {
	const slack = 300 * time.Millisecond // for a busy machine
	began := time.Now()
	for {
		result := evaluate(ctx, scaler)
		took = time.Since(began)
		switch {
		case result.took > kedaTimeout+slack:
			return took, fmt.Errorf("a poll took %.2f s, want at most %s", result.took.Seconds(), kedaTimeout)
		case result.err == nil && result.value != of.value:
			return took, fmt.Errorf("got %v, want %v", result.value, of.value)
		case result.err == nil && took <= bound:
			return took, nil
		case took > bound:
			return took, fmt.Errorf("the first value took %.1f s, want at most %s; last error: %w", took.Seconds(), bound, result.err)
		case !strings.Contains(result.err.Error(), observing):
			return took, fmt.Errorf("after %.1f s: want %q in the error, got: %w", took.Seconds(), observing, result.err)
		}
		time.Sleep(checkInterval)
	}
}
