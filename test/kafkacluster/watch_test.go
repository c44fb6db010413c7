//go:build kafka

package kafkacluster_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/lagwise/lagwise/scalers"
	"github.com/lagwise/lagwise/test/product"
)

const (
	// kedaDeadline is how long KEDA waits for an answer, with some of it left for the way.
	kedaDeadline = 1500 * time.Millisecond
	pollInterval = time.Second
)

// sample is one answer of one trigger.
type sample struct {
	at         time.Time // when the question was asked
	took       time.Duration
	value      float64
	observedAt time.Time
	err        error
}

// watch polls triggers as KEDA does, each once a second.
type watch struct {
	triggers []trigger
	scalers  []scalers.Scaler
	stop     context.CancelFunc
	polling  sync.WaitGroup

	mu      sync.Mutex
	samples [][]sample // of each trigger
}

// watchTriggers begins to poll once every trigger has given its right answer.
func watchTriggers(t *testing.T, running *product.Product, triggers []trigger) *watch {
	t.Helper()
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	w := &watch{triggers: triggers, stop: stop, samples: make([][]sample, len(triggers))}
	for _, trigger := range triggers {
		w.scalers = append(w.scalers, acquire(t, running, trigger))
	}
	t.Cleanup(func() { w.end() })
	for i := range triggers {
		eventually(t, patience, func(ctx context.Context) error {
			answer, err := w.scalers[i].Evaluate(ctx)
			if err != nil {
				return fmt.Errorf("%s before anything happened: %w", triggers[i].name, err)
			}
			if answer.Value != triggers[i].value {
				return fmt.Errorf("%s before anything happened: value %v, want %v", triggers[i].name, answer.Value, triggers[i].value)
			}
			return nil
		})
	}
	for i := range triggers {
		w.polling.Go(func() { w.poll(ctx, i) })
	}
	return w
}

func (w *watch) poll(ctx context.Context, i int) {
	// Questions of different triggers do not come together.
	timer := time.NewTimer(pollInterval * time.Duration(i) / time.Duration(len(w.triggers)))
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		timer.Reset(pollInterval)
		taken := ask(ctx, w.scalers[i])
		if ctx.Err() != nil {
			return
		}
		w.mu.Lock()
		w.samples[i] = append(w.samples[i], taken)
		w.mu.Unlock()
	}
}

// ask evaluates once, within KEDA's deadline.
func ask(ctx context.Context, scaler scalers.Scaler) sample {
	ctx, cancel := context.WithTimeout(ctx, kedaDeadline)
	defer cancel()
	taken := sample{at: time.Now()}
	answer, err := scaler.Evaluate(ctx)
	taken.took, taken.value, taken.observedAt, taken.err = time.Since(taken.at), answer.Value, answer.ObservedAt, err
	return taken
}

// end stops polling and returns what was answered to each trigger.
func (w *watch) end() [][]sample {
	w.stop()
	w.polling.Wait()
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.samples
}
