package demo

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/lagwise/lagwise/internal/hpa"
)

// TestDeploymentFollowsTheWork goes through one burst, from 0 replicas to 4 and back.
func TestDeploymentFollowsTheWork(t *testing.T) {
	t.Parallel()
	start := time.Now()
	d := deployment{app: app{spec: hpa.ScaledObject{MaxReplicas: 10, Cooldown: 3 * time.Second}}, target: 10, created: start}
	at := func(second int) time.Time { return start.Add(time.Duration(second) * time.Second) }

	var steps []string
	note := func(changes []change) {
		for _, c := range changes {
			steps = append(steps, fmt.Sprintf("%s %d -> %d: %s", c.who, c.from, c.to, c.why))
		}
	}
	note(d.polled(at(1), answer{}))
	note(d.pushed(at(2)))
	note(d.pushed(at(2)))
	note(d.polled(at(3), answer{value: 38, active: true}))
	note(d.polled(at(4), answer{failure: "Unavailable: Kafka is unreachable"}))
	note(d.polled(at(5), answer{value: 12, active: true}))
	note(d.polled(at(6), answer{value: 0}))
	note(d.polled(at(8), answer{value: 0}))
	note(d.polled(at(9), answer{value: 0}))

	want := []string{
		"KEDA 0 -> 1: active",
		"HPA 1 -> 4: ceil(38 / 10)",
		"HPA 4 -> 2: ceil(12 / 10)",
		"HPA 2 -> 1: ceil(0 / 10)",
		"KEDA 1 -> 0: inactive for more than 3s",
	}
	if !slices.Equal(steps, want) {
		t.Errorf("steps %q, want %q", steps, want)
	}
}

func TestPolledLeavesTheWokenToTheHPAsNextLook(t *testing.T) {
	t.Parallel()
	d := deployment{app: app{spec: hpa.ScaledObject{MaxReplicas: 10}}, target: 10}
	d.polled(time.Now(), answer{value: 40, active: true})
	if d.replicas != 1 {
		t.Errorf("%d replicas, want 1", d.replicas)
	}
}

func TestShareDealsOutEveryPartitionOnce(t *testing.T) {
	t.Parallel()
	f := &fleet{partitions: 4}
	for replicas := int32(1); replicas <= 6; replicas++ {
		var dealt []int32
		for number := range replicas {
			dealt = append(dealt, f.share(number, replicas)...)
		}
		slices.Sort(dealt)
		if !slices.Equal(dealt, []int32{0, 1, 2, 3}) {
			t.Errorf("%d replicas share %v", replicas, dealt)
		}
	}
}
