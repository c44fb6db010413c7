package hpa_test

import (
	"testing"
	"time"

	"github.com/lagwise/lagwise/internal/hpa"
)

func TestDecide(t *testing.T) {
	t.Parallel()
	toZero := hpa.ScaledObject{MaxReplicas: 10, Cooldown: 30 * time.Second}
	atLeastTwo := hpa.ScaledObject{MinReplicas: 2, MaxReplicas: 10, Cooldown: 30 * time.Second}
	idle := hpa.ScaledObject{MinReplicas: 3, MaxReplicas: 10, HasIdle: true, IdleReplicas: 0, Cooldown: 30 * time.Second}
	newcomer := hpa.ScaledObject{MaxReplicas: 10, Cooldown: time.Second, InitialCooldown: time.Minute}

	active, failed := hpa.Poll{Active: true}, hpa.Poll{Failed: true}
	partly := hpa.Poll{Active: true, Failed: true}
	quiet := func(d time.Duration) hpa.Poll { return hpa.Poll{Quiet: d, EverActive: true} }

	for _, c := range []struct {
		name    string
		object  hpa.ScaledObject
		current int32
		poll    hpa.Poll
		want    hpa.Decision
	}{
		{"wakes up", toZero, 0, active, hpa.Decision{Replicas: 1, CountsAsActive: true}},
		{"wakes up to the minimum", idle, 0, active, hpa.Decision{Replicas: 3, CountsAsActive: true}},
		{"wakes up although another trigger fails", toZero, 0, partly, hpa.Decision{Replicas: 1, CountsAsActive: true}},
		{"awake is the HPA's affair", toZero, 4, active, hpa.Decision{Replicas: 4, CountsAsActive: true}},
		{"awake while another trigger fails", toZero, 4, partly, hpa.Decision{Replicas: 4}},
		{"below the minimum while active waits for the HPA", atLeastTwo, 1, active, hpa.Decision{Replicas: 1, CountsAsActive: true}},
		{"cools down", toZero, 4, quiet(30 * time.Second), hpa.Decision{Replicas: 4}},
		{"falls asleep", toZero, 4, quiet(30*time.Second + 1), hpa.Decision{Replicas: 0}},
		{"falls asleep to idleReplicaCount", idle, 4, quiet(time.Minute), hpa.Decision{Replicas: 0}},
		{"stays asleep", toZero, 0, quiet(time.Hour), hpa.Decision{Replicas: 0}},
		{"stays at the minimum", atLeastTwo, 5, quiet(time.Hour), hpa.Decision{Replicas: 5}},
		{"goes up to the minimum", atLeastTwo, 0, quiet(0), hpa.Decision{Replicas: 2}},
		{"not knowing changes nothing", toZero, 4, failed, hpa.Decision{Replicas: 4}},
		{"not knowing wakes nobody", toZero, 0, failed, hpa.Decision{Replicas: 0}},
		{"never active, still new", newcomer, 1, hpa.Poll{Quiet: time.Minute}, hpa.Decision{Replicas: 1}},
		{"never active, no longer new", newcomer, 1, hpa.Poll{Quiet: time.Minute + 1}, hpa.Decision{Replicas: 0}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if got := c.object.Decide(c.current, c.poll); got != c.want {
				t.Errorf("Decide(%d, %+v) = %+v, want %+v", c.current, c.poll, got, c.want)
			}
		})
	}
}

func TestAutoscalerOfAScaledObject(t *testing.T) {
	t.Parallel()
	want := hpa.Autoscaler{Min: 1, Max: 10, Tolerance: hpa.DefaultTolerance}
	if got := (hpa.ScaledObject{MaxReplicas: 10}).Autoscaler(); got != want {
		t.Errorf("Autoscaler() = %+v, want %+v", got, want)
	}
}
