package scalers_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lagwise/lagwise/scalers"
)

// detailed is a scripted scaler that shows one part.
type detailed struct{ scripted }

func (d *detailed) Detail(context.Context) (scalers.Detail, error) {
	return scalers.Detail{Evaluation: d.evaluation, Parts: []scalers.Part{{Name: "orders/0", Left: 7}}}, d.err
}

func TestDetailIsFoundByNameAndSerial(t *testing.T) {
	t.Parallel()
	source := &detailed{scripted{evaluation: answers(1, true), known: true}}
	registry, _ := keep(source, scalers.RegistryOptions{})
	acquire(t, registry, trigger("orders"))
	acquire(t, registry, scalers.Trigger{Namespace: "shop", Name: "orders", Metadata: map[string]string{"topic": "refunds"}})
	acquire(t, registry, scalers.Trigger{Namespace: "shopping", Name: "orders"})
	named := registry.Named("shop", "orders")
	if len(named) != 2 || named[0].Serial != 1 || named[1].Serial != 2 || named[0].Name != "orders" {
		t.Fatalf("got %+v", named)
	}
	standing, detail, alive, err := registry.Detail(t.Context(), 2)
	if err != nil || !alive || standing.Serial != 2 || detail.Value != 7 || len(detail.Parts) != 1 {
		t.Errorf("got %+v, %+v, %v, %v", standing, detail, alive, err)
	}
	if _, _, alive, err = registry.Detail(t.Context(), 4); alive || err != nil || registry.Len() != 3 {
		t.Errorf("a trigger that is not there: alive %v, %v", alive, err)
	}
	source.err = errors.New("no answer")
	if _, _, alive, err = registry.Detail(t.Context(), 1); !alive || err == nil {
		t.Errorf("alive %v, %v", alive, err)
	}
	if failures := registry.Named("shop", "orders")[0].Failures; len(failures) != 0 {
		t.Errorf("people's questions are counted as KEDA's: %v", failures)
	}
}

func TestAScalerWithoutDetailHasNoParts(t *testing.T) {
	t.Parallel()
	registry, _ := keep(&scripted{evaluation: answers(1, true)}, scalers.RegistryOptions{})
	acquire(t, registry, trigger("orders"))
	if _, detail, alive, err := registry.Detail(t.Context(), 1); err != nil || !alive || detail.Value != 7 || detail.Parts != nil {
		t.Errorf("got %+v, %v, %v", detail, alive, err)
	}
}

func TestAskingForDetailKeepsNothingAlive(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var made, closed atomic.Int32
		registry := scalers.NewRegistry(counted(&made, &closed), scalers.RegistryOptions{IdleAfter: time.Minute})
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- registry.Run(ctx) }()
		acquire(t, registry, trigger("orders"))
		for range 10 {
			time.Sleep(10 * time.Second)
			_, _, _, _ = registry.Detail(t.Context(), 1)
			registry.Named("shop", "orders")
		}
		synctest.Wait()
		if registry.Len() != 0 || made.Load() != 1 {
			t.Errorf("%d alive, %d made", registry.Len(), made.Load())
		}
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

func TestNamedIsBounded(t *testing.T) {
	t.Parallel()
	registry, _ := keep(&scripted{}, scalers.RegistryOptions{})
	for i := range scalers.MostNamed + 20 {
		acquire(t, registry, scalers.Trigger{Namespace: "shop", Name: "orders", Metadata: map[string]string{"topic": fmt.Sprint(i)}})
	}
	if named := registry.Named("shop", "orders"); len(named) != scalers.MostNamed || named[0].Serial != 1 {
		t.Errorf("%d triggers", len(named))
	}
}
