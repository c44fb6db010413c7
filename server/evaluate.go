package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/lagwise/lagwise/scalers"
)

// maxAbandoned is how many evaluations of one scaler may go on after their callers were answered.
const maxAbandoned = 8

// evaluator asks scalers and never waits longer than its timeout, not even for one that ignores its context.
//
// Such an evaluation goes on in its own goroutine, with its lease, after its caller has been told DeadlineExceeded. To
// keep them from piling up behind a scaler that hangs, a scaler with maxAbandoned of them is not asked again until one
// returns; its callers are told so at once. So there are never more of these goroutines than open calls, plus
// maxAbandoned for each trigger.
type evaluator struct {
	scalers Scalers
	timeout time.Duration
	log     *slog.Logger
	// running counts goroutines that may outlive the call that began them.
	running *sync.WaitGroup

	mu        sync.Mutex
	abandoned map[scalers.Scaler]int
}

// evaluate answers for a trigger within the timeout.
func (e *evaluator) evaluate(ctx context.Context, trigger scalers.Trigger) (scalers.Evaluation, error) {
	scaler, release, err := e.scalers.Acquire(trigger)
	if err != nil {
		return scalers.Evaluation{}, err
	}
	return e.evaluateLent(ctx, scaler, release)
}

// evaluateLent answers for a scaler within the timeout, and releases it when it has returned.
func (e *evaluator) evaluateLent(ctx context.Context, scaler scalers.Scaler, release func()) (scalers.Evaluation, error) {
	if evaluation, known := knownBy(scaler); known {
		release()
		return evaluation, nil
	}
	if e.hangs(scaler) {
		release()
		return scalers.Evaluation{}, redactedBy(scaler, scalers.Errorf(scalers.CauseTimedOut,
			"not asked: %d earlier evaluations of this trigger have not returned yet", maxAbandoned))
	}

	patience := time.NewTimer(e.timeout)
	defer patience.Stop()
	asked := e.ask(ctx, scaler, release)
	select {
	case <-asked.finished:
		return asked.evaluation, redactedBy(scaler, e.inWords(asked.err))
	case <-ctx.Done():
		e.abandon(asked)
		return scalers.Evaluation{}, fmt.Errorf("the caller did not wait for the answer: %w", ctx.Err())
	case <-patience.C:
		e.abandon(asked)
		return scalers.Evaluation{}, redactedBy(scaler, e.inWords(context.DeadlineExceeded))
	}
}

// redactedBy has the scaler redact an error, unless it did.
func redactedBy(scaler scalers.Scaler, err error) error {
	redactor, ok := scaler.(scalers.Redactor)
	if _, done := errors.AsType[*scalers.Redacted](err); !ok || done || err == nil {
		return err
	}
	return redactor.Redact(err)
}

// knownBy gives the answer of a scaler that need not wait for it. One that panics is asked to evaluate instead, where a panic
// is looked after.
func knownBy(scaler scalers.Scaler) (evaluation scalers.Evaluation, known bool) {
	prompt, ok := scaler.(scalers.Prompt)
	if !ok {
		return scalers.Evaluation{}, false
	}
	var panicked error
	defer catch(&panicked)
	return prompt.Known()
}

// asking is one evaluation under way.
type asking struct {
	scaler    scalers.Scaler
	abandoned bool // guarded by evaluator.mu

	finished   chan struct{} // closed once the rest is set
	evaluation scalers.Evaluation
	err        error
}

// ask starts an evaluation, which ends by releasing the lease. Its context ends a little before the caller stops
// waiting, so that a scaler that obeys has time to say in its own words what it was waiting for.
func (e *evaluator) ask(ctx context.Context, scaler scalers.Scaler, release func()) *asking {
	asked := &asking{scaler: scaler, finished: make(chan struct{})}
	e.running.Go(func() {
		defer release()
		defer e.finish(ctx, asked)
		limited, cancel := context.WithTimeout(ctx, e.timeout*9/10)
		defer cancel()
		defer catch(&asked.err)
		asked.evaluation, asked.err = scaler.Evaluate(limited)
	})
	return asked
}

// abandon leaves an evaluation to itself, unless it has returned just now.
func (e *evaluator) abandon(asked *asking) {
	e.mu.Lock()
	defer e.mu.Unlock()
	select {
	case <-asked.finished:
	default:
		asked.abandoned = true
		e.abandoned[asked.scaler]++
	}
}

func (e *evaluator) finish(ctx context.Context, asked *asking) {
	close(asked.finished)
	if !e.wasAbandoned(asked) {
		return
	}
	if panicked, ok := errors.AsType[*panicError](asked.err); ok { // nobody else is left to say so
		panicked.log(ctx, e.log)
	}
}

// wasAbandoned settles the account of an evaluation that has returned.
func (e *evaluator) wasAbandoned(asked *asking) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !asked.abandoned {
		return false
	}
	if e.abandoned[asked.scaler]--; e.abandoned[asked.scaler] == 0 {
		delete(e.abandoned, asked.scaler)
	}
	return true
}

func (e *evaluator) hangs(scaler scalers.Scaler) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.abandoned[scaler] >= maxAbandoned
}

// inWords says how long a scaler had when all that it says itself is that its time is over.
func (e *evaluator) inWords(err error) error {
	if _, worded := scalers.CauseOf(err); worded || !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return fmt.Errorf("no answer within %v: %w", e.timeout, err)
}
