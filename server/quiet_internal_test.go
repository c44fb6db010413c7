package server

import (
	"testing"
	"time"
)

func TestQuietRemembersABoundedNumberOfTriggers(t *testing.T) {
	q := newQuiet()
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for trigger := range uint64(3 * maxRemembered) {
		now = now.Add(time.Minute) // so that the bound on lines never speaks
		if speak, _ := q.ask(now, trigger, 365*24*time.Hour); !speak {
			t.Fatalf("trigger %d was never heard", trigger)
		}
		if len(q.until) > maxRemembered {
			t.Fatalf("%d triggers are remembered", len(q.until))
		}
	}
}

func TestQuietForgetsWhatMayBeSaidAgainBeforeAnythingElse(t *testing.T) {
	q := newQuiet()
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	q.ask(now, 0, 365*24*time.Hour)
	for trigger := range uint64(2 * maxRemembered) {
		now = now.Add(time.Second)
		q.ask(now, 1+trigger, time.Nanosecond)
	}
	if speak, _ := q.ask(now.Add(time.Minute), 0, time.Hour); speak {
		t.Error("it forgot what must not be said again yet")
	}
}
