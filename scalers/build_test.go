package scalers_test

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lagwise/lagwise/scalers"
)

// slowly is a registry whose factory takes a minute for the trigger "slow", panics at first for "broken", and takes no time for others.
func slowly(options scalers.RegistryOptions) (registry *scalers.Registry, made, closed *atomic.Int32) {
	made, closed = &atomic.Int32{}, &atomic.Int32{}
	var panicked atomic.Bool
	return scalers.NewRegistry(map[string]scalers.Factory{"kafka": func(trigger scalers.Trigger) scalers.Scaler {
		switch trigger.Name {
		case "slow":
			time.Sleep(time.Minute)
		case "broken":
			time.Sleep(time.Second)
			if panicked.CompareAndSwap(false, true) {
				panic("a bug")
			}
		}
		made.Add(1)
		return closable{scalers.NewRefused(scalers.Metric{Name: "m", Target: 1}, nil), closed}
	}}, options), made, closed
}

func TestABuildDelaysItsOwnTriggerAlone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		registry, made, _ := slowly(scalers.RegistryOptions{})
		begun := time.Now()
		shared := make(chan scalers.Scaler, 3)
		for range 3 {
			go func() {
				scaler, release, err := registry.Acquire(trigger("slow"))
				if err != nil {
					t.Error(err)
				}
				release()
				shared <- scaler
			}()
		}
		synctest.Wait()
		if _, release, err := registry.Acquire(trigger("quick")); err != nil {
			t.Error(err)
		} else {
			release()
		}
		if alive := len(registry.Standings()); alive != 1 || registry.Len() != 1 || !time.Now().Equal(begun) {
			t.Errorf("after %s: %d triggers", time.Since(begun), alive)
		}
		first, second, third := <-shared, <-shared, <-shared
		if first != second || first != third || made.Load() != 2 || time.Since(begun) != time.Minute {
			t.Errorf("%d builds, %s", made.Load(), time.Since(begun))
		}
	})
}

// What is being built takes its place among the triggers already.
func TestABuildCountsAgainstTheLimit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		registry, _, _ := slowly(scalers.RegistryOptions{MaxTriggers: 1})
		ended := make(chan error)
		go func() {
			_, _, err := registry.Acquire(trigger("slow"))
			ended <- err
		}()
		synctest.Wait()
		_, _, err := registry.Acquire(trigger("quick"))
		if cause, _ := scalers.CauseOf(err); cause != scalers.CauseExhausted {
			t.Errorf("got %v, want CauseExhausted", err)
		}
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

// A build that has begun before a change may be of what was before it.
func TestForgettingWaitsForBuilds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		registry, made, closed := slowly(scalers.RegistryOptions{})
		go func() { _, _, _ = registry.Acquire(trigger("slow")) }()
		synctest.Wait()
		registry.Forget(func(scalers.Scaler) bool { return true })
		synctest.Wait()
		if made.Load() != 1 || closed.Load() != 1 || registry.Len() != 0 {
			t.Errorf("%d made, %d closed, %d alive", made.Load(), closed.Load(), registry.Len())
		}
	})
}

func TestAScalerThatIsBuiltWhileLagwiseEndsIsClosed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		registry, _, closed := slowly(scalers.RegistryOptions{})
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- registry.Run(ctx) }()
		go func() { _, _, _ = registry.Acquire(trigger("slow")) }()
		synctest.Wait()
		stop()
		if err := <-ended; err != nil || closed.Load() != 1 {
			t.Errorf("%d closed, %v", closed.Load(), err)
		}
	})
}

// A factory that panics fails the call that builds, and leaves the trigger to the next one.
func TestABuildThatPanicsLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		registry, made, _ := slowly(scalers.RegistryOptions{MaxTriggers: 1})
		var recovered atomic.Int32
		ended := make(chan error, 2)
		for range 2 {
			go func() {
				defer func() {
					if recover() != nil {
						recovered.Add(1)
						ended <- nil
					}
				}()
				_, _, err := registry.Acquire(trigger("broken"))
				ended <- err
			}()
		}
		for range 2 {
			if err := <-ended; err != nil {
				t.Error(err)
			}
		}
		if recovered.Load() != 1 || made.Load() != 1 || registry.Len() != 1 {
			t.Errorf("%d panics, %d made, %d alive", recovered.Load(), made.Load(), registry.Len())
		}
	})
}
