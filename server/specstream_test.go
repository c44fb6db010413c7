package server_test

import (
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"

	"github.com/lagwise/lagwise/scalers"
	"github.com/lagwise/lagwise/server"
)

func TestSpecStreamSendsOnOpeningAndOnlyWhatHasChanged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var target atomic.Int64
		target.Store(10)
		scaler := &fakeScaler{metric: func() scalers.Metric {
			return scalers.Metric{Name: "kafka-orders", Target: float64(target.Load())}
		}}
		stream, err := serve(t, lend(scaler), server.Options{}).StreamMetricSpec(t.Context(), ref())
		if err != nil {
			t.Fatal(err)
		}
		var mu sync.Mutex
		var targets []float64
		go func() {
			for {
				specs, err := stream.Recv()
				if err != nil {
					return
				}
				mu.Lock()
				for _, spec := range specs.GetMetricSpecs() {
					targets = append(targets, spec.GetTargetSizeFloat())
				}
				mu.Unlock()
			}
		}()

		time.Sleep(time.Hour)
		target.Store(20)
		time.Sleep(time.Hour)
		mu.Lock()
		defer mu.Unlock()
		if want := []float64{10, 20}; !slices.Equal(targets, want) {
			t.Errorf("targets %v, want %v", targets, want)
		}
	})
}

func TestSpecStreamOfRefusedTriggerStaysOpen(t *testing.T) {
	refused := always(scalers.Evaluation{}, scalers.Errorf(scalers.CauseRefused, "topic is missing"))
	stream, err := serve(t, lend(refused), server.Options{}).StreamMetricSpec(t.Context(), ref())
	if err != nil {
		t.Fatal(err)
	}
	if specs, err := stream.Recv(); err != nil || len(specs.GetMetricSpecs()) != 1 {
		t.Errorf("got %v, %v, want one spec", specs, err)
	}
}

func TestSpecStreamFailsWhenNothingCanBeLent(t *testing.T) {
	lent := &lender{err: scalers.Errorf(scalers.CauseExhausted, "too many triggers")}
	stream, err := serve(t, lent, server.Options{}).StreamMetricSpec(t.Context(), ref())
	if err != nil {
		t.Fatal(err)
	}
	_, err = stream.Recv()
	wantCode(t, err, codes.ResourceExhausted)
}
