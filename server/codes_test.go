package server_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/lagwise/lagwise/scalers"
	"github.com/lagwise/lagwise/server"
)

func TestEachFailureHasItsCode(t *testing.T) {
	for _, test := range []struct {
		name string
		err  error
		want codes.Code
	}{
		{"refused", scalers.Errorf(scalers.CauseRefused, "x"), codes.InvalidArgument},
		{"not found", scalers.Errorf(scalers.CauseNotFound, "x"), codes.NotFound},
		{"denied", scalers.Errorf(scalers.CauseDenied, "x"), codes.PermissionDenied},
		{"unauthenticated", scalers.Errorf(scalers.CauseUnauthenticated, "x"), codes.Unauthenticated},
		{"unreachable", scalers.Errorf(scalers.CauseUnreachable, "x"), codes.Unavailable},
		{"timed out", scalers.Errorf(scalers.CauseTimedOut, "x"), codes.DeadlineExceeded},
		{"exhausted", scalers.Errorf(scalers.CauseExhausted, "x"), codes.ResourceExhausted},
		{"cause that does not exist", scalers.Errorf(scalers.Cause(99), "x"), codes.Internal},
		{"no cause", errors.New("x"), codes.Internal},
		{"cancelled", context.Canceled, codes.Canceled},
		{"deadline", context.DeadlineExceeded, codes.DeadlineExceeded},
		{"wrapped cause", fmt.Errorf("w: %w", scalers.Errorf(scalers.CauseNotFound, "x")), codes.NotFound},
		{
			"cause that wraps a deadline",
			scalers.Errorf(scalers.CauseUnreachable, "x: %w", context.DeadlineExceeded), codes.Unavailable,
		},
		{"another server's status", status.Error(codes.NotFound, "x"), codes.Internal},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := serve(t, lend(always(scalers.Evaluation{}, test.err)), server.Options{})
			_, err := r.IsActive(t.Context(), ref())
			wantCode(t, err, test.want)
			_, err = r.GetMetrics(t.Context(), request())
			wantCode(t, err, test.want)
		})
	}
}

func TestNothingToLendIsTold(t *testing.T) {
	r := serve(t, &lender{err: scalers.Errorf(scalers.CauseExhausted, "too many triggers")}, server.Options{})
	_, err := r.GetMetricSpec(t.Context(), ref())
	wantCode(t, err, codes.ResourceExhausted)
	_, err = r.GetMetrics(t.Context(), request())
	wantCode(t, err, codes.ResourceExhausted)
	_, err = r.IsActive(t.Context(), ref())
	wantCode(t, err, codes.ResourceExhausted)
}
