package main

import (
	"context"
	"fmt"
	"time"
)

// measureBursts puts one record on each topic at once, and waits for the last trigger's push. A first burst, which is not
// counted, teaches the producer where the topics are.
func measureBursts(ctx context.Context, l *lab, f *fleet, r *report) error {
	var longest, longestAfter time.Duration
	for i := range l.size.bursts + 1 {
		took, after, err := l.burst(ctx, f)
		if err != nil {
			return err
		}
		if i > 0 {
			longest, longestAfter = max(longest, took), max(longestAfter, after)
		}
	}
	what := fmt.Sprintf("one record on each of %d topics at once, last push (worst of %d bursts)", l.size.fleet, l.size.bursts)
	r.Figures = append(r.Figures,
		figure{Name: what, Value: longest.Seconds(), Unit: "s", Goals: []goal{atMost(2)}},
		figure{Name: "the same, from the broker's acknowledgement of all records", Value: longestAfter.Seconds(), Unit: "s"})
	return nil
}

// burst returns how long the last push came after the first record was sent, and after the last one was acknowledged.
func (l *lab) burst(ctx context.Context, f *fleet) (took, afterAcknowledged time.Duration, err error) {
	if err := sleep(ctx, cooldown); err != nil {
		return 0, 0, err
	}
	if err := f.awaitIdle(ctx); err != nil {
		return 0, 0, err
	}
	f.forget()
	began, acknowledged, err := l.operator.salvo.fire(ctx, l.size.fleet)
	if err != nil {
		return 0, 0, err
	}
	last, err := f.awaitEverybody(ctx)
	if err != nil {
		return 0, 0, err
	}
	return last.Sub(began), last.Sub(acknowledged), l.operator.drainFleet(ctx, l.size.fleet, l.size.topics)
}

// awaitEverybody returns when the last trigger pushed.
func (f *fleet) awaitEverybody(ctx context.Context) (last time.Time, err error) {
	waiting := map[int]bool{}
	for i := range f.references {
		waiting[i] = true
	}
	for len(waiting) > 0 {
		select {
		case arrived := <-f.pushes:
			delete(waiting, arrived.trigger)
			last = arrived.at
		case <-time.After(30 * time.Second):
			return last, fmt.Errorf("%d triggers did not push within 30 s after a burst", len(waiting))
		case <-ctx.Done():
			return last, ctx.Err()
		}
	}
	return last, nil
}
