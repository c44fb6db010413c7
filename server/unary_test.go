package server_test

import (
	"context"
	"strings"
	"sync"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	pb "github.com/lagwise/lagwise/proto/externalscaler"
	"github.com/lagwise/lagwise/scalers"
	"github.com/lagwise/lagwise/server"
)

func TestTriggerIsLentAsKEDASentIt(t *testing.T) {
	lent := lend(&fakeScaler{})
	if _, err := serve(t, lent, server.Options{}).IsActive(t.Context(), ref()); err != nil {
		t.Fatal(err)
	}
	got := lent.lent[0]
	if got.Namespace != "shop" || got.Name != "orders" || len(got.Metadata) != 1 || got.Metadata["topic"] != "orders" {
		t.Errorf("lent for %+v", got)
	}
}

func TestIsActiveTellsWhatTheScalerSays(t *testing.T) {
	for _, active := range []bool{true, false} {
		r := serve(t, lend(always(scalers.Evaluation{Active: active}, nil)), server.Options{})
		answer, err := r.IsActive(t.Context(), ref())
		if err != nil {
			t.Fatal(err)
		}
		if answer.GetResult() != active {
			t.Errorf("result %v, want %v", answer.GetResult(), active)
		}
	}
}

func TestSpecOfRefusedTriggerIsValidAndEvaluatesNothing(t *testing.T) {
	scaler := &fakeScaler{evaluate: func(context.Context) (scalers.Evaluation, error) {
		t.Error("GetMetricSpec evaluated")
		return scalers.Evaluation{}, scalers.Errorf(scalers.CauseRefused, "topic is missing")
	}}
	answer, err := serve(t, lend(scaler), server.Options{}).GetMetricSpec(t.Context(), ref())
	if err != nil {
		t.Fatal(err)
	}
	if specs := answer.GetMetricSpecs(); len(specs) != 1 || specs[0].GetTargetSize() != 10 || specs[0].GetMetricName() == "" {
		t.Errorf("specs %v", specs)
	}
}

func TestMissingReferenceIsNamed(t *testing.T) {
	r := serve(t, lend(&fakeScaler{}), server.Options{})
	streamError := func(receive func() error, err error) error {
		if err != nil {
			return err
		}
		return receive()
	}
	for rpc, call := range map[string]func() error{
		"GetMetricSpec": func() error {
			_, err := r.GetMetricSpec(t.Context(), nil)
			return err
		},
		"GetMetrics": func() error {
			_, err := r.GetMetrics(t.Context(), nil)
			return err
		},
		"GetMetrics without reference": func() error {
			_, err := r.GetMetrics(t.Context(), &pb.GetMetricsRequest{MetricName: "kafka-orders"})
			return err
		},
		"IsActive": func() error {
			_, err := r.IsActive(t.Context(), nil)
			return err
		},
		"StreamIsActive": func() error {
			stream, err := r.StreamIsActive(t.Context(), nil)
			return streamError(func() error { _, err := stream.Recv(); return err }, err)
		},
		"StreamMetricSpec": func() error {
			stream, err := r.StreamMetricSpec(t.Context(), nil)
			return streamError(func() error { _, err := stream.Recv(); return err }, err)
		},
	} {
		t.Run(rpc, func(t *testing.T) {
			err := call()
			wantCode(t, err, codes.InvalidArgument)
			if text := status.Convert(err).Message(); !strings.HasPrefix(text, "scaledObjectRef") {
				t.Errorf("message %q does not begin with scaledObjectRef", text)
			}
		})
	}
}

func TestCallsAnswerSideBySide(t *testing.T) {
	// Each evaluation waits for the other one: one at a time would time out.
	var both sync.WaitGroup
	both.Add(2)
	scaler := &fakeScaler{evaluate: func(context.Context) (scalers.Evaluation, error) {
		both.Done()
		both.Wait()
		return scalers.Evaluation{Value: 1, Active: true}, nil
	}}
	r := serve(t, lend(scaler), server.Options{})
	var calls sync.WaitGroup
	calls.Go(func() {
		if _, err := r.GetMetrics(t.Context(), request()); err != nil {
			t.Error(err)
		}
	})
	calls.Go(func() {
		if _, err := r.IsActive(t.Context(), ref()); err != nil {
			t.Error(err)
		}
	})
	calls.Wait()
}

func TestRegistryLends(t *testing.T) {
	registry := scalers.NewRegistry(map[string]scalers.Factory{
		"kafka": func(scalers.Trigger) scalers.Scaler { return always(scalers.Evaluation{Active: true}, nil) },
	}, scalers.RegistryOptions{})
	answer, err := serve(t, registry, server.Options{}).IsActive(t.Context(), ref())
	if err != nil || !answer.GetResult() {
		t.Errorf("%v, %v", answer, err)
	}
}
