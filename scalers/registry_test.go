package scalers_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lagwise/lagwise/scalers"
)

// closable counts how often it was closed.
type closable struct {
	scalers.Scaler
	closed *atomic.Int32
}

func (c closable) Close() error {
	c.closed.Add(1)
	return nil
}

func counted(made, closed *atomic.Int32) map[string]scalers.Factory {
	return map[string]scalers.Factory{"kafka": func(scalers.Trigger) scalers.Scaler {
		made.Add(1)
		return closable{scalers.NewRefused(scalers.Metric{Name: "m", Target: 1}, nil), closed}
	}}
}

func trigger(name string) scalers.Trigger {
	return scalers.Trigger{Namespace: "shop", Name: name, Metadata: map[string]string{"topic": "orders"}}
}

func TestAcquireSharesAScalerBetweenEqualTriggers(t *testing.T) {
	t.Parallel()
	var made, closed atomic.Int32
	registry := scalers.NewRegistry(counted(&made, &closed), scalers.RegistryOptions{})
	for _, name := range []string{"a", "a", "b"} {
		_, release, err := registry.Acquire(trigger(name))
		if err != nil {
			t.Fatal(err)
		}
		release()
		release()
	}
	if made.Load() != 2 || registry.Len() != 2 {
		t.Errorf("made %d scalers, %d alive; want 2", made.Load(), registry.Len())
	}
}

func TestTriggersThatRunTogetherStayApart(t *testing.T) {
	t.Parallel()
	var made, closed atomic.Int32
	registry := scalers.NewRegistry(counted(&made, &closed), scalers.RegistryOptions{})
	for _, one := range []scalers.Trigger{
		{Namespace: "ab", Name: "c"},
		{Namespace: "a", Name: "bc"},
		{Namespace: "a", Name: "b", Metadata: map[string]string{"k": "v"}},
		{Namespace: "a", Name: "b", Metadata: map[string]string{"kv": ""}},
	} {
		if _, _, err := registry.Acquire(one); err != nil {
			t.Fatal(err)
		}
	}
	if made.Load() != 4 {
		t.Errorf("made %d scalers, want 4", made.Load())
	}
}

func TestIdleScalersAreClosedAndHeldOnesAreNot(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var made, closed atomic.Int32
		registry := scalers.NewRegistry(counted(&made, &closed), scalers.RegistryOptions{IdleAfter: time.Minute})
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- registry.Run(ctx) }()

		_, releaseHeld, _ := registry.Acquire(trigger("held"))
		_, release, _ := registry.Acquire(trigger("idle"))
		release()
		time.Sleep(59 * time.Second)
		synctest.Wait()
		if closed.Load() != 0 {
			t.Fatal("closed before its time")
		}
		time.Sleep(20 * time.Second)
		synctest.Wait()
		if closed.Load() != 1 || registry.Len() != 1 {
			t.Fatalf("closed %d, alive %d; want the idle one closed and the held one alive", closed.Load(), registry.Len())
		}
		releaseHeld()
		stop()
		if err := <-done; err != nil || closed.Load() != 2 {
			t.Errorf("Run returned %v with %d closed", err, closed.Load())
		}
	})
}

func TestTooManyTriggersAreRefusedByName(t *testing.T) {
	t.Parallel()
	var made, closed atomic.Int32
	registry := scalers.NewRegistry(counted(&made, &closed), scalers.RegistryOptions{MaxTriggers: 3})
	for i := range 3 {
		if _, _, err := registry.Acquire(trigger(fmt.Sprint(i))); err != nil {
			t.Fatal(err)
		}
	}
	_, _, err := registry.Acquire(trigger("more"))
	if cause, _ := scalers.CauseOf(err); cause != scalers.CauseExhausted {
		t.Errorf("got %v, want CauseExhausted", err)
	}
	if _, _, err := registry.Acquire(trigger("0")); err != nil {
		t.Errorf("a trigger that is alive already was refused: %v", err)
	}
}

func TestAnUnknownScalerIsRefusedWithTheKnownOnes(t *testing.T) {
	t.Parallel()
	var made, closed atomic.Int32
	registry := scalers.NewRegistry(counted(&made, &closed), scalers.RegistryOptions{})
	scaler, release, err := registry.Acquire(scalers.Trigger{Metadata: map[string]string{"scaler": "kafak"}})
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	if metric := scaler.Metric(); metric.Name == "" || metric.Target <= 0 {
		t.Errorf("metric %+v is not valid", metric)
	}
	if _, err := scaler.Evaluate(t.Context()); err == nil || err.Error() != `scaler "kafak": want one of kafka` {
		t.Errorf("got %v", err)
	}
}

func TestOversizedMetadataTakesNoPlace(t *testing.T) {
	t.Parallel()
	var made, closed atomic.Int32
	registry := scalers.NewRegistry(counted(&made, &closed), scalers.RegistryOptions{})
	scaler, release, err := registry.Acquire(scalers.Trigger{Metadata: map[string]string{"topic": strings.Repeat("x", 1<<20)}})
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	if _, err := scaler.Evaluate(t.Context()); err == nil || !strings.Contains(err.Error(), "1048576 bytes") {
		t.Errorf("got %v", err)
	}
	if registry.Len() != 0 || made.Load() != 0 {
		t.Error("it was kept")
	}
}

// Forgotten scalers are closed below whoever holds them, and built anew for whoever asks next.
func TestForgottenScalersAreBuiltAnew(t *testing.T) {
	t.Parallel()
	var made, closed atomic.Int32
	registry := scalers.NewRegistry(counted(&made, &closed), scalers.RegistryOptions{})
	_, release, err := registry.Acquire(trigger("a"))
	if err != nil {
		t.Fatal(err)
	}
	isOurs := func(scaler scalers.Scaler) bool { _, is := scaler.(closable); return is }
	registry.Forget(func(scaler scalers.Scaler) bool { return !isOurs(scaler) })
	if closed.Load() != 0 {
		t.Error("a scaler was closed that is up to date")
	}
	registry.Forget(isOurs)
	if closed.Load() != 1 || registry.Len() != 0 {
		t.Errorf("%d scalers were closed, %d are alive", closed.Load(), registry.Len())
	}
	release() // harms nobody
	_, again, err := registry.Acquire(trigger("a"))
	if err != nil || made.Load() != 2 {
		t.Errorf("made %d scalers: %v", made.Load(), err)
	}
	again()
}

func TestTheBoundOnTriggersCanChange(t *testing.T) {
	t.Parallel()
	var made, closed atomic.Int32
	registry := scalers.NewRegistry(counted(&made, &closed), scalers.RegistryOptions{MaxTriggers: 1})
	if _, _, err := registry.Acquire(trigger("a")); err != nil {
		t.Error(err)
	}
	if _, _, err := registry.Acquire(trigger("b")); err == nil {
		t.Error("a trigger more than may be")
	}
	registry.SetMaxTriggers(2)
	if _, _, err := registry.Acquire(trigger("b")); err != nil {
		t.Error(err)
	}
}

func TestNamesThatKubernetesDoesNotKnowTakeNoPlace(t *testing.T) {
	t.Parallel()
	var made, closed atomic.Int32
	registry := scalers.NewRegistry(counted(&made, &closed), scalers.RegistryOptions{})
	long := strings.Repeat("n", 254)
	for _, one := range []scalers.Trigger{{Namespace: long, Name: "orders"}, {Namespace: "shop", Name: long}} {
		scaler, release, err := registry.Acquire(one)
		if err != nil {
			t.Fatal(err)
		}
		defer release()
		if _, err := scaler.Evaluate(t.Context()); err == nil || !strings.Contains(err.Error(), "254 bytes: Kubernetes knows at most 253") {
			t.Errorf("got %v", err)
		}
	}
	if registry.Len() != 0 || made.Load() != 0 {
		t.Errorf("%d triggers are alive, %d were built", registry.Len(), made.Load())
	}
}

// What is kept of a trigger grows with its metadata, so the bound on triggers alone bounds no memory.
func TestMetadataIsBoundedTogether(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var made, closed atomic.Int32
		registry := scalers.NewRegistry(counted(&made, &closed), scalers.RegistryOptions{MaxMetadata: 30_000, MaxTriggers: 100, IdleAfter: time.Minute})
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- registry.Run(ctx) }()
		large := func(name string) error {
			_, release, err := registry.Acquire(scalers.Trigger{Namespace: name, Name: name, Metadata: map[string]string{"topic": strings.Repeat("x", 10_000)}})
			if err == nil {
				release()
			}
			return err
		}
		for range 3 { // it counts once
			if err := errors.Join(large("a"), large("b")); err != nil {
				t.Fatal(err)
			}
		}
		if cause, _ := scalers.CauseOf(large("c")); cause != scalers.CauseExhausted {
			t.Errorf("cause %v, want CauseExhausted", cause)
		}
		if _, _, err := registry.Acquire(trigger("small")); err != nil {
			t.Errorf("a small trigger has room: %v", err)
		}
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		if err := errors.Join(large("c"), large("d")); err != nil {
			t.Errorf("the room of forgotten triggers was not given back: %v", err)
		}
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

func TestUnknownKeysCannotFloodTheLog(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	decode := func(scalers.Trigger) (struct{}, scalers.Metric, []string, error) {
		keys := make([]string, 100)
		for i := range keys {
			keys[i] = strings.Repeat("\x1b[31m", 3000)
		}
		return struct{}{}, scalers.Metric{Name: strings.Repeat("m", 10_000)}, keys, nil
	}
	build := func(struct{}, scalers.Metric) scalers.Scaler { return scalers.NewRefused(scalers.Metric{}, nil) }
	factory := scalers.NewFactory(decode, build, slog.New(slog.NewTextHandler(&log, nil)))
	for i := range 1000 {
		factory(trigger(fmt.Sprint(i)))
	}
	if lines := strings.Count(log.String(), "\n"); lines < 60 || lines > 120 || log.Len() > lines*8000 {
		t.Errorf("%d lines of %d bytes", lines, log.Len())
	}
}
