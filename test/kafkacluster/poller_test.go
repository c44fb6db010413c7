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
	// kedaTimeout is how long a poll waits: less than KEDA does, because the gRPC call takes some of KEDA's time.
	kedaTimeout  = 1500 * time.Millisecond
	pollInterval = time.Second
)

// sample is the result of one poll of one trigger.
type sample struct {
	at         time.Time // when the poll began
	took       time.Duration
	value      float64
	observedAt time.Time
	err        error
}

func (s sample) age() time.Duration { return s.at.Sub(s.observedAt) }

// poller polls triggers as KEDA does, each once a second.
type poller struct {
	triggers []trigger
	scalers  []scalers.Scaler
	cancel   context.CancelFunc
	polling  sync.WaitGroup

	mu      sync.Mutex
	samples [][]sample // by trigger
}

// startPoller starts to poll once every trigger has returned its value.
func startPoller(t *testing.T, running *product.Product, triggers []trigger) *poller {
	t.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	p := &poller{triggers: triggers, cancel: cancel, samples: make([][]sample, len(triggers))}
	t.Cleanup(func() { p.stop() })
	for _, trigger := range triggers {
		p.scalers = append(p.scalers, acquire(t, running, trigger))
	}
	for i, of := range triggers {
		eventually(t, timeout, func(ctx context.Context) error {
			evaluation, err := p.scalers[i].Evaluate(ctx)
			if err != nil {
				return fmt.Errorf("%s before any event: %w", of.name, err)
			}
			if evaluation.Value != of.value {
				return fmt.Errorf("%s before any event: got %v, want %v", of.name, evaluation.Value, of.value)
			}
			return nil
		})
	}
	for i := range triggers {
		p.polling.Go(func() { p.poll(ctx, i) })
	}
	return p
}

func (p *poller) poll(ctx context.Context, i int) {
	// The polls of different triggers are spread over the interval.
	timer := time.NewTimer(pollInterval * time.Duration(i) / time.Duration(len(p.triggers)))
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		timer.Reset(pollInterval)
		result := evaluate(ctx, p.scalers[i])
		if ctx.Err() != nil {
			return
		}
		p.mu.Lock()
		p.samples[i] = append(p.samples[i], result)
		p.mu.Unlock()
	}
}

// evaluate evaluates once, with KEDA's timeout.
func evaluate(ctx context.Context, scaler scalers.Scaler) sample {
	ctx, cancel := context.WithTimeout(ctx, kedaTimeout)
	defer cancel()
	began := time.Now()
	evaluation, err := scaler.Evaluate(ctx)
	return sample{at: began, took: time.Since(began), value: evaluation.Value, observedAt: evaluation.ObservedAt, err: err}
}

// stop stops polling and returns the samples of each trigger.
func (p *poller) stop() [][]sample {
	p.cancel()
	p.polling.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.samples
}
