package server_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/lagwise/lagwise/scalers"
	"github.com/lagwise/lagwise/server"
)

// stuck is a scaler that heeds nothing until let go.
func stuck() (scaler *fakeScaler, letGo func()) {
	let := make(chan struct{})
	return &fakeScaler{evaluate: func(context.Context) (scalers.Evaluation, error) {
		<-let
		return scalers.Evaluation{Active: true}, nil
	}}, func() { close(let) }
}

func TestStuckScalerIsLeftBehindInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		scaler, letGo := stuck()
		lent := lend(scaler)
		r := serve(t, lent, server.Options{})
		defer letGo()

		start := time.Now()
		_, err := r.IsActive(t.Context(), ref())
		wantCode(t, err, codes.DeadlineExceeded)
		if got := time.Since(start); got != 1500*time.Millisecond {
			t.Errorf("answered after %v", got)
		}
		if text := status.Convert(err).Message(); !strings.HasPrefix(text, "no answer within 1.5s") {
			t.Errorf("message %q", text)
		}
		if lent.leases() != 1 {
			t.Error("the lease was given back while the scaler still works")
		}
	})
}

func TestStuckScalerIsNotAskedWithoutEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		scaler, letGo := stuck()
		lent := lend(scaler)
		r := serve(t, lent, server.Options{})
		for range 8 {
			_, err := r.IsActive(t.Context(), ref())
			wantCode(t, err, codes.DeadlineExceeded)
		}

		start := time.Now()
		_, err := r.IsActive(t.Context(), ref())
		wantCode(t, err, codes.DeadlineExceeded)
		if got := time.Since(start); got != 0 {
			t.Errorf("answered after %v, want at once", got)
		}
		if got := lent.leases(); got != 8 {
			t.Errorf("%d evaluations under way, want 8", got)
		}

		letGo()
		synctest.Wait()
		if answer, err := r.IsActive(t.Context(), ref()); err != nil || !answer.GetResult() {
			t.Errorf("once let go: %v, %v", answer, err)
		}
	})
}

func TestScalerThatObeysItsDeadlineIsHeard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		scaler := &fakeScaler{evaluate: func(ctx context.Context) (scalers.Evaluation, error) {
			<-ctx.Done()
			return scalers.Evaluation{}, scalers.Errorf(scalers.CauseTimedOut, "broker 3 has not listed its offsets: %w", ctx.Err())
		}}
		_, err := serve(t, lend(scaler), server.Options{}).GetMetrics(t.Context(), request())
		wantCode(t, err, codes.DeadlineExceeded)
		if text := status.Convert(err).Message(); !strings.HasPrefix(text, "broker 3 has not listed") {
			t.Errorf("message %q", text)
		}
	})
}

func TestScalerIsToldWhenItsCallerGoes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begun, told := make(chan struct{}), make(chan struct{})
		scaler := &fakeScaler{evaluate: func(ctx context.Context) (scalers.Evaluation, error) {
			close(begun)
			<-ctx.Done()
			close(told)
			return scalers.Evaluation{}, ctx.Err()
		}}
		r := serve(t, lend(scaler), server.Options{EvaluateTimeout: time.Hour})
		start := time.Now()
		ctx, goAway := context.WithCancel(t.Context())
		go func() {
			<-begun
			goAway()
		}()
		_, err := r.IsActive(ctx, ref())
		wantCode(t, err, codes.Canceled)
		<-told
		if got := time.Since(start); got != 0 {
			t.Errorf("told after %v", got)
		}
	})
}
