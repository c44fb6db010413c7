package simulate

import (
	"context"
	"fmt"
	"time"

	"github.com/lagwise/lagwise/internal/hpa"
	"github.com/lagwise/lagwise/scalers"
)

// run is a simulation under way.
type run struct {
	setup    Setup
	world    *World
	scalers  []scaler
	replicas int32
	history  hpa.History
	// lastActive is when KEDA last counted the ScaledObject as active; zero for never.
	lastActive time.Time
	// nextPoll, nextSync and nextLook are when KEDA, the HPA and lagwise are due.
	nextPoll, nextSync, nextLook time.Time
	diary                        diary
}

type scaler struct {
	scalers.Scaler

	pushed, wasActive bool
}

// Run plays the setup. It fails where a trigger is refused, or cannot answer.
func Run(ctx context.Context, setup Setup) (Result, error) {
	r, factories, err := begin(setup)
	if err != nil {
		return Result{}, err
	}
	for i, trigger := range setup.Triggers {
		made := scaler{Scaler: factories[i](trigger.Trigger), pushed: trigger.Pushed}
		if _, err := made.Evaluate(ctx); err != nil {
			return Result{}, fmt.Errorf("trigger of %s: %w", made.Metric().Name, err)
		}
		r.scalers = append(r.scalers, made)
	}
	step := setup.step()
	for r.world.now.Before(setup.From.Add(setup.During)) {
		if err := ctx.Err(); err != nil {
			return Result{}, err
		}
		r.world.now = r.world.now.Add(step)
		if err := r.step(ctx, step); err != nil {
			return Result{}, err
		}
	}
	return r.result(), nil
}

// begin makes a world with what the triggers' sources want to read, and with the replicas of the beginning.
func begin(setup Setup) (r *run, factories []scalers.Factory, err error) {
	r = &run{
		setup: setup, world: &World{now: setup.From, setup: setup},
		nextPoll: setup.From.Add(setup.PollAfter), nextSync: setup.From.Add(setup.SyncAfter), nextLook: setup.From,
		diary: newDiary(setup),
	}
	for _, trigger := range setup.Triggers {
		factories = append(factories, trigger.Source(r.world))
	}
	if err := r.world.furnish(); err != nil {
		return nil, nil, err
	}
	r.set(setup.Initial)
	r.world.backlog.settle(setup.From)
	return r, factories, nil
}

// step is what happens up to now.
func (r *run) step(ctx context.Context, took time.Duration) error {
	now := r.world.now
	news := r.world.backlog.play(now, took, r.setup.Arrivals.until(now.Sub(r.setup.From)))
	if err := r.look(ctx, news); err != nil {
		return err
	}
	if !now.Before(r.nextPoll) {
		r.nextPoll = r.nextPoll.Add(r.setup.Polling)
		if err := r.poll(ctx); err != nil {
			return err
		}
	}
	if !now.Before(r.nextSync) {
		r.nextSync = now.Add(r.setup.Sync + syncTakes)
		if err := r.sync(ctx); err != nil {
			return err
		}
	}
	r.diary.note(r)
	return nil
}

// look is lagwise's: at its interval, and at once when there is something new that an inactive trigger waits for.
func (r *run) look(ctx context.Context, news bool) error {
	due := !r.world.now.Before(r.nextLook) // clocks tell by themselves
	if due {
		r.nextLook = r.nextLook.Add(r.setup.Refresh)
	}
	if !r.world.look(news && r.waits()) && !due {
		return nil
	}
	r.world.backlog.forget(r.world.now.Add(-r.world.back))
	return r.push(ctx)
}

// waits says whether some trigger that pushes is inactive.
func (r *run) waits() bool {
	for _, s := range r.scalers {
		if s.pushed && !s.wasActive {
			return true
		}
	}
	return false
}

// push tells KEDA of triggers that have become active.
func (r *run) push(ctx context.Context) error {
	for i := range r.scalers {
		s := &r.scalers[i]
		if !s.pushed {
			continue
		}
		answer, err := s.Evaluate(ctx)
		if err != nil {
			return fmt.Errorf("answer: %w", err)
		}
		if answer.Active && !s.wasActive {
			r.decide(true)
		}
		s.wasActive = answer.Active
	}
	return nil
}

// poll is KEDA's round of questions.
func (r *run) poll(ctx context.Context) error {
	active := false
	for _, s := range r.scalers {
		answer, err := s.Evaluate(ctx)
		if err != nil {
			return fmt.Errorf("answer: %w", err)
		}
		active = active || answer.Active
	}
	r.decide(active)
	return nil
}

// decide is KEDA's part in scaling.
func (r *run) decide(active bool) {
	poll := hpa.Poll{Active: active, EverActive: !r.lastActive.IsZero(), Quiet: r.world.now.Sub(r.setup.From)}
	if poll.EverActive {
		poll.Quiet = r.world.now.Sub(r.lastActive)
	}
	decision := r.setup.Object.Decide(r.replicas, poll)
	if decision.CountsAsActive {
		r.lastActive = r.world.now
	}
	r.set(decision.Replicas)
}

// sync is the HPA's.
func (r *run) sync(ctx context.Context) error {
	look := hpa.Look{At: r.world.now, Current: r.replicas}
	if r.replicas > 0 { // at 0 it asks nobody
		for _, s := range r.scalers {
			answer, err := s.Evaluate(ctx)
			if err != nil {
				return fmt.Errorf("answer: %w", err)
			}
			look.Metrics = append(look.Metrics, hpa.Metric{Value: hpa.Milli(answer.Value), Target: hpa.Milli(s.Metric().Target)})
		}
	}
	var outcome hpa.Outcome
	outcome, r.history = r.setup.Autoscaler.Sync(r.history, look)
	r.set(outcome.Replicas)
	return nil
}

func (r *run) set(replicas int32) {
	if replicas == r.replicas {
		return
	}
	r.replicas = replicas
	r.world.backlog.scale(r.world.now, replicas)
	r.diary.changed(r.world.now, replicas)
}
